// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
import Postgres

extension JobViews {
  /// Where the log has the events that queued the oldest open jobs which have been due for so long.
  public func overdue(_ patience: Duration, limit: Int = 1000) async throws -> [Position] {
    try await pool.query(Self.overdue(patience, limit: limit)).map { Position(try $0.decode(0)) }
  }

  /// Each state is in order by itself.
  static func overdue(_ patience: Duration, limit: Int) -> Query {
    """
    SELECT queue_position
    FROM unnest(ARRAY['queued', 'scheduled', 'retrying']) AS open (name)
    CROSS JOIN LATERAL (
      SELECT queue_position
      FROM jobs.job
      WHERE job.state = open.name AND due_at < now() - make_interval(secs => \(patience / .seconds(1)))
      ORDER BY queue_position
      LIMIT \(limit)
    ) AS job
    ORDER BY queue_position
    LIMIT \(limit)
    """
  }
}
