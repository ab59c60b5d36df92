// SPDX-License-Identifier: Apache-2.0

/// How contents are cut into chunks. A part of what is stored: each manifest names it, because chunks that were cut by other parameters
/// rarely meet.
public struct ChunkingParameters: Hashable, Sendable, CustomStringConvertible {
  /// Bytes below which no cut is looked for.
  public let minimum: Int
  /// Bytes that chunks have about; a power of two.
  public let average: Int
  /// Bytes at which a cut is made whatever the content is.
  public let maximum: Int
  /// How strongly sizes are drawn to the average: bits by which a cut is harder before it, and easier after it. 0 to 3.
  public let normalization: Int

  /// - Precondition: 64 ≤ minimum ≤ average ≤ maximum.
  public init(minimum: Int, average: Int, maximum: Int, normalization: Int) {
    precondition(64 <= minimum && minimum <= average && average <= maximum, "chunk sizes out of order")
    precondition(average.nonzeroBitCount == 1, "the average chunk size is a power of two")
    precondition((0...3).contains(normalization), "normalization is 0 to 3")
    self.minimum = minimum
    self.average = average
    self.maximum = maximum
    self.normalization = normalization
  }

  /// For contents of less than 64 MiB: documents, sources, mail, and their versions.
  public static let small = ChunkingParameters(minimum: 4 << 10, average: 16 << 10, maximum: 64 << 10, normalization: 2)

  /// For larger contents, of which an index by small chunks would grow too large.
  public static let large = ChunkingParameters(
    minimum: 16 << 10, average: 64 << 10, maximum: 256 << 10, normalization: 2)

  /// The parameters for a content of so many bytes.
  public static func preset(forContentOf size: Int64) -> ChunkingParameters { size < 64 << 20 ? .small : .large }

  /// As manifests name it: `fastcdc-4096-16384-65536-2`.
  public var description: String { "fastcdc-\(minimum)-\(average)-\(maximum)-\(normalization)" }

  /// Below which value a hash makes a cut, before the average size and after it: one hash in as many as bytes are wanted is below it.
  var thresholds: (strict: UInt64, loose: UInt64) {
    let bits = average.trailingZeroBitCount
    return (1 << UInt64(64 - bits - normalization), 1 << UInt64(64 - bits + normalization))
  }
}
