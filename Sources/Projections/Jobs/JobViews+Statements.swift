// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

extension JobViews {
  /// The second text repeats the condition of the index for unfinished jobs, so that it is found whatever the state.
  static func list(owner: UUID, state: JobItem.State?, limit: Int, after: JobCursor?) -> Query {
    let before = after?.position.rawValue ?? .max
    switch state {
    case nil:
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE owner = \(owner) AND position < \(before)
        ORDER BY position DESC
        LIMIT \(limit)
        """
    case .succeeded?:
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE owner = \(owner) AND position < \(before) AND state = 'succeeded'
        ORDER BY position DESC
        LIMIT \(limit)
        """
    case let state?:
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE owner = \(owner) AND position < \(before) AND state = \(state.rawValue) AND state <> 'succeeded'
        ORDER BY position DESC
        LIMIT \(limit)
        """
    }
  }

  static func counts(owner: UUID) -> Query {
    "SELECT queued, retrying, succeeded, dead FROM jobs.owner_jobs WHERE owner = \(owner)"
  }

  static let installation: Query = """
    SELECT coalesce(sum(queued), 0)::bigint, coalesce(sum(retrying), 0)::bigint,
      coalesce(sum(succeeded), 0)::bigint, coalesce(sum(dead), 0)::bigint
    FROM jobs.owner_jobs
    """

  static func job(_ id: UUID, owner: UUID) -> Query {
    "SELECT \(unescaped: JobItem.columns) FROM jobs.job WHERE id = \(id) AND owner = \(owner)"
  }

  static let oldestOpenJob: Query = "SELECT min(position) FROM jobs.job WHERE state IN ('queued', 'retrying')"

  static let resumePosition: Query = """
    SELECT least(
      position,
      (SELECT min(job.position) - 1 FROM jobs.job WHERE state IN ('queued', 'retrying'))
    )
    FROM projection.checkpoint
    WHERE name = 'jobs'
    """
}
