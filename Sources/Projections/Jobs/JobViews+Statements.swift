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
        WHERE owner = \(owner) AND queue_position < \(before)
        ORDER BY queue_position DESC
        LIMIT \(limit)
        """
    case .succeeded?:
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE owner = \(owner) AND queue_position < \(before) AND state = 'succeeded'
        ORDER BY queue_position DESC
        LIMIT \(limit)
        """
    case let state?:
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE owner = \(owner) AND queue_position < \(before) AND state = \(state.rawValue) AND state <> 'succeeded'
        ORDER BY queue_position DESC
        LIMIT \(limit)
        """
    }
  }

  static func list(owner: UUID, batch: UUID, state: JobItem.State?, limit: Int, after: JobCursor?) -> Query {
    """
    SELECT \(unescaped: JobItem.columns)
    FROM jobs.job
    WHERE owner = \(owner) AND batch_id = \(batch) AND queue_position < \(after?.position.rawValue ?? .max)
      AND state = coalesce(\(state?.rawValue), state)
    ORDER BY queue_position DESC
    LIMIT \(limit)
    """
  }

  static func list(_ filter: JobFilter, limit: Int, after: JobCursor?) -> Query {
    let before = after?.position.rawValue ?? .max
    if let fingerprint = filter.fingerprint {
      return """
        SELECT \(unescaped: JobItem.columns)
        FROM jobs.job
        WHERE fingerprint = \(fingerprint) AND queue_position < \(before) AND state = 'dead'
          AND owner = coalesce(\(filter.owner), owner)
        ORDER BY queue_position DESC
        LIMIT \(limit)
        """
    }
    if let owner = filter.owner { return list(owner: owner, state: filter.state, limit: limit, after: after) }
    // Each state is in order by itself.
    let states = (filter.state.map { [$0] } ?? JobItem.State.allCases).map(\.rawValue)
    return """
      SELECT \(unescaped: JobItem.columns)
      FROM unnest(\(states)) AS wanted (name)
      CROSS JOIN LATERAL (
        SELECT *
        FROM jobs.job
        WHERE job.state = wanted.name AND queue_position < \(before)
        ORDER BY queue_position DESC
        LIMIT \(limit)
      ) AS job
      ORDER BY queue_position DESC
      LIMIT \(limit)
      """
  }

  static func counts(owner: UUID) -> Query {
    "SELECT \(unescaped: JobCounts.sums) FROM jobs.owner_jobs WHERE owner = \(owner)"
  }

  static let installation: Query = "SELECT \(unescaped: JobCounts.sums) FROM jobs.owner_jobs"

  static let position: Query = "SELECT position FROM projection.checkpoint WHERE name = 'jobs'"

  static func job(_ id: UUID, owner: UUID) -> Query {
    "SELECT \(unescaped: JobItem.columns) FROM jobs.job WHERE id = \(id) AND owner = \(owner)"
  }

  static func job(_ id: UUID) -> Query { "SELECT \(unescaped: JobItem.columns) FROM jobs.job WHERE id = \(id)" }

  static func attempts(of job: UUID) -> Query {
    "SELECT number, at, reason, code, worker FROM jobs.attempt WHERE job_id = \(job) ORDER BY position"
  }

  static let oldestOpenJob: Query = """
    SELECT min(oldest)
    FROM unnest(ARRAY['queued', 'scheduled', 'retrying']) AS open (state)
    CROSS JOIN LATERAL (SELECT min(queue_position) AS oldest FROM jobs.job WHERE job.state = open.state) AS job
    """

  static let resumePosition: Query = """
    SELECT least(
      position,
      (
        SELECT min(oldest) - 1
        FROM unnest(ARRAY['queued', 'scheduled', 'retrying']) AS open (state)
        CROSS JOIN LATERAL (SELECT min(queue_position) AS oldest FROM jobs.job WHERE job.state = open.state) AS job
      )
    )
    FROM projection.checkpoint
    WHERE name = 'jobs'
    """
}
