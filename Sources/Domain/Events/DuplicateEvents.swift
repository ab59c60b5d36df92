// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to a duplicate group. Stream: `duplicates-<groupId>`.
public enum DuplicateEvent: Equatable, Sendable {
  case exactMatched(DuplicateMatched)
}

/// A file has the same bytes as an earlier file of the same owner.
public struct DuplicateMatched: DomainEvent {
  public static let eventType = "duplicates.exactMatched"
  /// Follows from owner and digest, so that every match of one content lands in one group.
  public var groupId: UUID
  public var digest: Digest
  public var size: Int64
  public var fileId: UUID
  /// The earliest file of the owner with these bytes when the match was made.
  public var originalId: UUID

  public init(groupId: UUID, digest: Digest, size: Int64, fileId: UUID, originalId: UUID) {
    self.groupId = groupId
    self.digest = digest
    self.size = size
    self.fileId = fileId
    self.originalId = originalId
  }

  /// The group of an owner's files with one content: the owner's id with the content's name mixed in.
  public static func groupId(owner: UUID, digest: Digest) -> UUID { owner.derived(digest.description) }
}
