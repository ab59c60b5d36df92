// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
import Postgres

extension JobViews {
  /// Finished jobs of which nothing need be listed any more.
  public struct Prunable: Equatable, Sendable {
    public var jobs: Int
    /// Where the last of them was queued last.
    public var last: Position
  }

  /// The next jobs, in the order in which they were queued last, that succeeded, were cancelled or were discarded before a time.
  ///
  /// - Parameter through: where the log was at that time: what was queued later has not ended earlier.
  /// - Returns: nil when there are none.
  public func prunable(finishedBefore time: Date, after: Position, through: Position, limit: Int) async throws
    -> Prunable?
  {
    let rows = try await pool.query(Self.prunable(finishedBefore: time, after: after, through: through, limit: limit))
    guard let row = rows.first else { return nil }
    let (jobs, last) = try row.decode((Int64, Int64?).self)
    return last.map { Prunable(jobs: Int(jobs), last: Position($0)) }
  }

  /// Each state is in order by itself.
  static func prunable(finishedBefore time: Date, after: Position, through: Position, limit: Int) -> Query {
    """
    SELECT count(*), max(queue_position)
    FROM (
      SELECT queue_position
      FROM unnest(\(JobsProjection.prunable)) AS prunable (name)
      CROSS JOIN LATERAL (
        SELECT queue_position
        FROM jobs.job
        WHERE job.state = prunable.name AND queue_position > \(after.rawValue) AND queue_position <= \(through.rawValue)
          AND finished_at < \(time)
        ORDER BY queue_position
        LIMIT \(limit)
      ) AS job
      ORDER BY queue_position
      LIMIT \(limit)
    ) AS part
    """
  }
}
