// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// Tells whether a file has the same bytes as an earlier one of its owner.
public protocol DuplicateFinder: Sendable {
  /// One verdict for each question, final for its position: files that come later cannot change it, removals can.
  ///
  /// - Throws: ``JobFailure`` with ``JobFailure/Remedy/wait`` when what it looks at is not there yet.
  func find(_ questions: [DuplicateQuestion]) async throws -> [UUID: DuplicateVerdict]
}

public struct DuplicateQuestion: Sendable, Hashable {
  public var fileId: UUID
  public var owner: UUID
  public var digest: Digest
  /// Of the upload: the original must have come before.
  public var position: Position

  public init(fileId: UUID, owner: UUID, digest: Digest, position: Position) {
    self.fileId = fileId
    self.owner = owner
    self.digest = digest
    self.position = position
  }
}

public enum DuplicateVerdict: Sendable, Hashable {
  /// The owner has no earlier file with these bytes.
  case unique
  /// The earliest file with these bytes.
  case duplicate(of: UUID)
  /// The file is gone.
  case removed
}
