// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Postgres

/// A job, as the log tells of it.
public struct JobItem: Equatable, Sendable {
  public enum State: String, Codable, Sendable, CaseIterable {
    case queued, retrying, succeeded
    /// Dead-lettered: not tried again by itself.
    case dead
  }

  public var id: UUID
  public var owner: UUID
  public var kind: JobKind
  public var jobClass: JobClass
  public var state: State
  public var fileId: UUID
  /// The file's path when the job was queued.
  public var path: String
  /// Attempts that have ended.
  public var attempts: Int
  public var queuedAt: Date
  public var finishedAt: Date?
  /// The earliest time of the next attempt.
  public var retryAt: Date?
  /// Why the last attempt failed.
  public var error: String?
  /// Where the log tells of what queued it.
  public var position: Position
}

public struct JobCounts: Equatable, Sendable {
  public var queued: Int64
  public var retrying: Int64
  public var succeeded: Int64
  public var dead: Int64
}

extension JobItem {
  /// The columns that ``init(_:)`` reads, in its order.
  static let columns: StaticString =
    "id, owner, kind, class, state, file_id, path, attempts, queued_at, finished_at, retry_at, error, position"

  init(_ row: PostgresRow) throws(PostgresError) {
    let (kind, jobClass, state, attempts, position): (String, String, String, Int32, Int64)
    (id, owner, kind, jobClass, state, fileId, path, attempts, queuedAt, finishedAt, retryAt, error, position) =
      try row.decode(
        (UUID, UUID, String, String, String, UUID, String, Int32, Date, Date?, Date?, String?, Int64).self)
    self.kind = try JobKind.read(kind)
    self.jobClass = try JobClass.read(jobClass)
    self.state = try State.read(state)
    self.attempts = Int(attempts)
    self.position = Position(position)
  }
}
