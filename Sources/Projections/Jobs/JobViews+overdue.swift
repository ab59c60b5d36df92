// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
import Postgres

extension JobViews {
  /// Where the log has the events that queued the oldest open jobs which have been due for so long.
  public func overdue(_ patience: Duration, limit: Int = 1000) async throws -> [Position] {
    try await pool.query(Self.overdue(patience, limit: limit)).map { Position(try $0.decode(0)) }
  }

  /// The condition on the state is that of the index for open jobs.
  static func overdue(_ patience: Duration, limit: Int) -> Query {
    """
    SELECT position
    FROM jobs.job
    WHERE state IN ('queued', 'retrying')
      AND greatest(queued_at, retry_at) < now() - make_interval(secs => \(patience / .seconds(1)))
    ORDER BY position
    LIMIT \(limit)
    """
  }
}
