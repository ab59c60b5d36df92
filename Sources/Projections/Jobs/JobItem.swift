// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Postgres

/// A job, as the log tells of it.
public struct JobItem: Equatable, Sendable {
  public enum State: String, Codable, Sendable, CaseIterable {
    case queued
    /// Queued, but not before a time.
    case scheduled
    /// Failed, and tried again by itself.
    case retrying
    case succeeded
    /// Dead-lettered: not tried again by itself.
    case dead
    case cancelled
    /// A dead letter that somebody has put away.
    case discarded

    /// Whether work is still to be done.
    public var isOpen: Bool { self == .queued || self == .scheduled || self == .retrying }
  }

  public var id: UUID
  /// Nil for jobs that are nobody's.
  public var owner: UUID?
  public var kind: JobKind
  public var jobClass: JobClass
  public var state: State
  public var fileId: UUID?
  public var batchId: UUID?
  /// The file's path when the job was queued; of a job that follows from another, as it is now.
  public var path: String?
  /// Logical bytes of the file.
  public var size: Int64
  /// Attempts that have ended since it was queued last.
  public var attempts: Int
  /// When it was queued first.
  public var queuedAt: Date
  /// The earliest time of the latest attempt, ended or to come.
  public var dueAt: Date
  public var finishedAt: Date?
  /// Why the last attempt failed.
  public var error: String?
  /// Equal for dead letters with one cause.
  public var fingerprint: String?
  /// Where the log tells of what queued it first.
  public var position: Position
  /// Where the log tells of what queued it last.
  public var queuePosition: Position

  /// The earliest time of the next attempt, after one that failed.
  public var retryAt: Date? { state == .retrying ? dueAt : nil }
  /// The time it was scheduled for.
  public var runAt: Date? { state == .scheduled ? dueAt : nil }
}

/// An attempt that failed.
public struct JobAttempt: Equatable, Sendable {
  /// From 1 since the job was queued last.
  public var number: Int
  public var at: Date
  public var reason: String
  /// Short and constant; nil in events that were recorded before there were codes.
  public var code: String?
  /// Who tried.
  public var worker: String?
}

public struct JobCounts: Equatable, Sendable {
  public var queued: Int64 = 0
  public var scheduled: Int64 = 0
  public var retrying: Int64 = 0
  public var succeeded: Int64 = 0
  public var dead: Int64 = 0
  public var cancelled: Int64 = 0
  public var discarded: Int64 = 0

  public init() {}

  /// Jobs that are still to be done.
  public var open: Int64 { queued + scheduled + retrying }
}

extension JobItem {
  /// The columns that ``init(_:)`` reads, in its order. Jobs that no upload causes by itself have their file's path, while there is one.
  static let columns: StaticString = """
    job.id, job.owner, kind, class, job.state, file_id, batch_id, \
    coalesce(job.path, (SELECT file.path FROM files.file WHERE file.id = job.file_id)), job.size, attempts, queued_at, due_at, finished_at, error, fingerprint, \
    job.position, queue_position
    """

  init(_ row: PostgresRow) throws(PostgresError) {
    let (anyOwner, kind, jobClass, state): (UUID, String, String, String)
    let (attempts, position, queuePosition): (Int32, Int64, Int64)
    (
      id, anyOwner, kind, jobClass, state, fileId, batchId, path, size, attempts, queuedAt, dueAt, finishedAt, error,
      fingerprint, position, queuePosition
    ) = try row.decode(
      (
        UUID, UUID, String, String, String, UUID?, UUID?, String?, Int64, Int32, Date, Date, Date?, String?, String?,
        Int64, Int64
      ).self)
    owner = anyOwner == .zero ? nil : anyOwner
    self.kind = try JobKind.read(kind)
    self.jobClass = try JobClass.read(jobClass)
    self.state = try State.read(state)
    self.attempts = Int(attempts)
    self.position = Position(position)
    self.queuePosition = Position(queuePosition)
  }
}

extension JobAttempt {
  init(_ row: PostgresRow) throws(PostgresError) {
    let number: Int32
    (number, at, reason, code, worker) = try row.decode((Int32, Date, String, String?, String?).self)
    self.number = Int(number)
  }
}

extension JobCounts {
  /// The sums that ``init(_:)`` reads, in its order.
  static let sums: StaticString = """
    coalesce(sum(queued), 0)::bigint, coalesce(sum(scheduled), 0)::bigint, coalesce(sum(retrying), 0)::bigint, \
    coalesce(sum(succeeded), 0)::bigint, coalesce(sum(dead), 0)::bigint, coalesce(sum(cancelled), 0)::bigint, \
    coalesce(sum(discarded), 0)::bigint
    """

  init(_ row: PostgresRow) throws(PostgresError) {
    (queued, scheduled, retrying, succeeded, dead, cancelled, discarded) = try row.decode(
      (Int64, Int64, Int64, Int64, Int64, Int64, Int64).self)
  }
}
