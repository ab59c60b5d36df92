// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Postgres

/// Folds the log into one row for each job, and counts by owner and state.
///
/// An upload queues a job under the id of its event; what becomes of it is told by the events of the job's stream.
public struct JobsProjection: Projection {
  public static let name = "jobs"
  public static let version = 1
  public static let eventTypes: Set<String> = [
    "file.uploaded", "job.succeeded", "job.failed", "job.deadLettered",
  ]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    _ = try await connection.execute(Self.fold(EventColumns(batch)))
  }

  /// All steps see the tables as they were before the batch: `queued` holds jobs of this batch, `known` those of earlier ones.
  static func fold(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      -- 1. The events with the job they are about.
      SELECT position, owner, recorded_at, type, payload,
        CASE type WHEN 'file.uploaded' THEN id ELSE (payload ->> 'jobId')::uuid END AS job_id
      FROM \(events: events)
    ), outcome AS (
      -- 2. The last thing that happened to each job.
      SELECT DISTINCT ON (job_id) job_id,
        CASE type WHEN 'job.succeeded' THEN 'succeeded' WHEN 'job.failed' THEN 'retrying' ELSE 'dead' END AS state,
        CASE WHEN type <> 'job.failed' THEN recorded_at END AS finished_at,
        to_timestamp((payload ->> 'retryAt')::bigint / 1000.0) AS retry_at,
        payload ->> 'reason' AS error
      FROM event
      WHERE type <> 'file.uploaded'
      ORDER BY job_id, position DESC
    ), failure AS (
      -- 3. Failures tell the number of their attempt. The attempt that succeeds comes after them.
      SELECT DISTINCT ON (job_id) job_id,
        coalesce(payload ->> 'attempt', payload ->> 'attempts')::integer AS attempts
      FROM event
      WHERE type IN ('job.failed', 'job.deadLettered')
      ORDER BY job_id, position DESC
    ), change AS (
      SELECT job_id, state, finished_at, retry_at, error, attempts,
        (state = 'succeeded')::integer AS successes
      FROM outcome
      LEFT JOIN failure USING (job_id)
    ), queued AS (
      -- 4. New jobs, as they are after the batch.
      SELECT job_id, owner, (payload ->> 'fileId')::uuid AS file_id, position, recorded_at AS queued_at, finished_at,
        retry_at, coalesce(attempts, 0) + coalesce(successes, 0) AS attempts, payload ->> 'jobClass' AS class,
        coalesce(state, 'queued') AS state, payload ->> 'path' AS path, error
      FROM event
      LEFT JOIN change USING (job_id)
      WHERE type = 'file.uploaded'
    ), known AS (
      -- 5. Jobs from earlier batches, before and after this one.
      SELECT job.id, job.owner, job.state AS old_state, change.state, change.finished_at, change.retry_at, change.error,
        coalesce(change.attempts, job.attempts) + successes AS attempts
      FROM job
      JOIN change ON change.job_id = job.id
    ), insertion AS (
      INSERT INTO job (
        id, owner, file_id, position, queued_at, finished_at, retry_at, attempts, kind, class, state, path, error
      )
      SELECT job_id, owner, file_id, position, queued_at, finished_at, retry_at, attempts, 'analyze', class, state, path,
        error
      FROM queued
    ), update AS (
      UPDATE job
      SET finished_at = known.finished_at, retry_at = known.retry_at, attempts = known.attempts, state = known.state,
        error = known.error
      FROM known
      WHERE job.id = known.id
    ), step AS (
      SELECT owner, state, 1 AS jobs FROM queued
      UNION ALL
      SELECT owner, state, 1 FROM known
      UNION ALL
      SELECT owner, old_state, -1 FROM known
    )
    -- 6. The owner's counts move by the difference.
    INSERT INTO owner_jobs AS counts (owner, queued, retrying, succeeded, dead)
    SELECT owner,
      coalesce(sum(jobs) FILTER (WHERE state = 'queued'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'retrying'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'succeeded'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'dead'), 0)
    FROM step
    GROUP BY owner
    ON CONFLICT (owner) DO UPDATE SET
      queued = counts.queued + excluded.queued,
      retrying = counts.retrying + excluded.retrying,
      succeeded = counts.succeeded + excluded.succeeded,
      dead = counts.dead + excluded.dead
    """
  }
}
