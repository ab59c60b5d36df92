// SPDX-License-Identifier: Apache-2.0

/// What all packs hold. All in bytes, but for the counts.
public struct ChunkTotals: Codable, Equatable, Sendable {
  public var packs: Int64 = 0
  public var contents: Int64 = 0
  public var chunks: Int64 = 0
  /// Of all pack files.
  public var packBytes: Int64 = 0
  /// Of the contents.
  public var contentBytes: Int64 = 0
  /// What the contents would take as they are kept if none shared a chunk with another.
  public var separateBytes: Int64 = 0
  /// Of the chunks that contents need, each once, as they are.
  public var chunkBytes: Int64 = 0
  /// The same as they are kept.
  public var storedBytes: Int64 = 0
  /// Of chunks that nothing needs, as they are kept, until their packs are written anew.
  public var wastedBytes: Int64 = 0

  public init() {}
}
