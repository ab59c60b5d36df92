// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// Live files of one owner with one content, of which at least one was matched with another.
public struct DuplicateGroup: Equatable, Sendable {
  public var id: UUID
  public var digest: Digest
  /// Logical bytes of one copy.
  public var size: Int64
  /// At least 2.
  public var copies: Int64
  /// What all copies but one take: `(copies - 1) * size` logical bytes.
  public var reclaimableBytes: Int64
  /// When the first match was made.
  public var matchedAt: Date
  /// The first copies, in the order of their uploads. There may be more: see ``copies``.
  public var files: [DuplicateMember]
}

public struct DuplicateMember: Equatable, Sendable {
  public var id: UUID
  public var path: String
  public var uploadedAt: Date
}

/// Sums over an owner's groups.
public struct DuplicateTotals: Equatable, Sendable {
  public var groups: Int64
  public var copies: Int64
  /// Logical bytes.
  public var reclaimableBytes: Int64
}
