// SPDX-License-Identifier: Apache-2.0

import Domain
import Postgres

/// Jobs of everybody as queues, for those who run the installation.
extension JobViews {
  /// Each class and kind that ever had a job, the most urgent class first.
  public func queues() async throws -> [QueueItem] {
    let items = try await pool.query(Self.queues).map(QueueItem.init)
    let urgency = JobClass.allCases
    return items.sorted { left, right in
      let places = (urgency.firstIndex(of: left.jobClass) ?? 0, urgency.firstIndex(of: right.jobClass) ?? 0)
      return places.0 == places.1 ? left.kind.rawValue < right.kind.rawValue : places.0 < places.1
    }
  }

  /// Parts of the queue that are paused or limited now.
  public func controls() async throws -> [QueueControl] {
    try await pool.query(Self.controls).map(QueueControl.init)
  }

  /// At most 500 groups, those with the newest dead letter first.
  public func deadGroups() async throws -> [DeadGroup] {
    try await pool.query(Self.deadGroups).map(DeadGroup.init)
  }

  /// How long ``QueueItem/succeeded`` and its like look back.
  public static let paceMinutes = 5

  static let queues: Query = """
    SELECT class, kind, sum(queued)::bigint, sum(scheduled)::bigint, sum(retrying)::bigint, sum(succeeded)::bigint,
      sum(dead)::bigint, sum(cancelled)::bigint, sum(discarded)::bigint,
      (
        SELECT due_at
        FROM jobs.job
        WHERE job.class = counts.class AND job.kind = counts.kind AND state = 'queued'
        ORDER BY queue_position
        LIMIT 1
      ),
      coalesce(min(pace_succeeded), 0), coalesce(min(pace_failed), 0), coalesce(min(pace_dead), 0)
    FROM jobs.owner_jobs AS counts
    LEFT JOIN (
      SELECT class, kind, sum(succeeded)::bigint AS pace_succeeded, sum(failed)::bigint AS pace_failed,
        sum(dead)::bigint AS pace_dead
      FROM jobs.pace
      WHERE minute > floor(extract(epoch FROM now()) / 60)::bigint - 5
      GROUP BY class, kind
    ) AS pace USING (class, kind)
    GROUP BY class, kind
    """

  static let controls: Query = """
    SELECT scope, value, paused, reason, concurrency, rate_per_second, weight, changed_at, actor
    FROM jobs.control
    WHERE paused OR concurrency IS NOT NULL OR rate_per_second IS NOT NULL OR weight IS NOT NULL
    ORDER BY scope, value
    """

  static let deadGroups: Query = """
    SELECT dead.fingerprint, newest.kind, jobs, first_at, last_at, newest.error
    FROM (
      SELECT fingerprint, count(*) AS jobs, min(finished_at) AS first_at, max(finished_at) AS last_at
      FROM jobs.job
      WHERE state = 'dead' AND fingerprint IS NOT NULL
      GROUP BY fingerprint
      ORDER BY max(finished_at) DESC
      LIMIT 500
    ) AS dead
    CROSS JOIN LATERAL (
      SELECT kind, coalesce(error, '') AS error
      FROM jobs.job
      WHERE job.fingerprint = dead.fingerprint AND state = 'dead'
      ORDER BY queue_position DESC
      LIMIT 1
    ) AS newest
    ORDER BY last_at DESC
    """
}
