// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// Live contents of one owner that resemble one of them, the medoid.
public struct SimilarGroup: Equatable, Sendable {
  public var id: UUID
  /// At least 2.
  public var contents: Int64
  /// What there would be to win if only the medoid stayed: logical bytes of one copy of each other content.
  public var bytes: Int64
  /// When the first match was made that holds the group together.
  public var matchedAt: Date
  /// The medoid first, then the most alike. There may be more: see ``contents``.
  public var members: [Member]

  public struct Member: Equatable, Sendable {
    public var digest: Digest
    /// Logical bytes of one copy.
    public var size: Int64
    /// How much it has in common with the medoid, 0...1; 1 for the medoid itself.
    public var score: Double
    /// How it was found to be alike; nil for the medoid itself.
    public var algorithm: String?
    public var copies: Int64
    /// The first live copies, in the order of their uploads. There may be more: see ``copies``.
    public var files: [DuplicateMember]
  }

  /// Of the group round this content: the same whenever there is one.
  static func id(owner: UUID, medoid: String) -> UUID { owner.derived("similar:\(medoid)") }
}

/// Sums over an owner's groups of similar contents.
public struct SimilarTotals: Equatable, Sendable {
  public var groups: Int64
  public var contents: Int64
  /// Logical bytes.
  public var bytes: Int64
}

/// Two contents that their owner said are no duplicates of each other.
public struct DuplicateDecision: Equatable, Sendable {
  public var id: UUID
  public var dismissedAt: Date
  /// Two.
  public var contents: [Content]

  public struct Content: Equatable, Sendable {
    public var digest: Digest
    /// Of the earliest file with it; nil when the owner has none any more.
    public var path: String?
  }
}
