// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
import Postgres

/// Uploads that a client sent together, and how far the work on them is.
public struct BatchItem: Equatable, Sendable {
  public var id: UUID
  public var owner: UUID
  /// None is ever scheduled.
  public var counts: JobCounts
  /// Logical bytes.
  public var bytes: Int64
  /// Logical bytes of files whose jobs have ended, well or badly.
  public var endedBytes: Int64
  /// The first upload.
  public var firstAt: Date
  /// The last upload so far: a client may send more.
  public var lastAt: Date
  /// The last end of a job.
  public var endedAt: Date?
  /// Of the first upload.
  public var position: Position

  /// Files so far.
  public var files: Int64 {
    counts.open + counts.succeeded + counts.dead + counts.cancelled + counts.discarded
  }
}

extension BatchItem {
  static let columns: StaticString = """
    id, owner, queued, retrying, succeeded, dead, cancelled, discarded, bytes, ended_bytes, first_at, last_at, ended_at, position
    """

  init(_ row: PostgresRow) throws(PostgresError) {
    let position: Int64
    counts = JobCounts()
    (
      id, owner, counts.queued, counts.retrying, counts.succeeded, counts.dead, counts.cancelled, counts.discarded,
      bytes,
      endedBytes, firstAt, lastAt, endedAt, position
    ) = try row.decode(
      (
        UUID, UUID, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Date, Date, Date?, Int64
      ).self)
    self.position = Position(position)
  }
}
