// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension JobsProjection {
  /// Jobs of earlier batches, and the counts, which hold those of this batch as well.
  static func change(_ known: [(UUID, JobChange)], _ queued: [(UUID, JobChange)]) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(known.map(\.0)), \(known.map(\.1.state)), \(known.map(\.1.jobClass)), \(known.map(\.1.queuePosition)),
        \(known.map(\.1.dueAt)), \(known.map(\.1.finishedAt)), \(known.map(\.1.endedAt)), \(known.map(\.1.attempts)),
        \(known.map(\.1.successes)), \(known.map(\.1.keepsError)), \(known.map(\.1.error)), \(known.map(\.1.fingerprint))
      ) AS change (
        id, state, class, queue_position, due_at, finished_at, ended_at, attempts, successes, keeps_error, error, fingerprint
      )
    ), known AS (
      -- 1. Jobs before and after the batch.
      SELECT job.id, job.owner, job.batch_id, job.position, job.size, job.queued_at, job.kind,
        job.class AS old_class, coalesce(change.class, job.class) AS class, job.state AS old_state, change.state,
        coalesce(change.queue_position, job.queue_position) AS queue_position, coalesce(change.due_at, job.due_at) AS due_at,
        change.finished_at, change.ended_at, coalesce(change.attempts, job.attempts) + successes AS attempts,
        CASE WHEN keeps_error THEN job.error ELSE change.error END AS error,
        CASE WHEN keeps_error THEN job.fingerprint ELSE change.fingerprint END AS fingerprint
      FROM job
      JOIN change USING (id)
    ), update AS (
      UPDATE job
      SET queue_position = known.queue_position, due_at = known.due_at, finished_at = known.finished_at,
        attempts = known.attempts, class = known.class, state = known.state, error = known.error,
        fingerprint = known.fingerprint
      FROM known
      WHERE job.id = known.id
    ), step AS (
      -- 2. What each job takes from one count and adds to another.
      SELECT *, 1 AS jobs
      FROM unnest(
        \(queued.map { $0.1.queued?.owner }), \(queued.map { $0.1.queued?.kind }), \(queued.map(\.1.jobClass)),
        \(queued.map(\.1.state)), \(queued.map { $0.1.queued?.batchId }), \(queued.map { $0.1.queued?.position }),
        \(queued.map { $0.1.queued?.size }), \(queued.map { $0.1.queued?.at }), \(queued.map(\.1.endedAt))
      ) AS queued (owner, kind, class, state, batch_id, position, size, queued_at, ended_at)
      UNION ALL
      SELECT owner, kind, class, state, batch_id, position, size, queued_at, ended_at, 1 FROM known
      UNION ALL
      SELECT owner, kind, old_class, old_state, batch_id, position, size, queued_at, NULL, -1 FROM known
    ), batched AS (
      INSERT INTO batch AS batch (
        id, owner, position, first_at, last_at, ended_at, bytes, ended_bytes, queued, retrying, succeeded, dead, cancelled,
        discarded
      )
      SELECT batch_id, owner, min(position), min(queued_at), max(queued_at), max(ended_at), sum(jobs * size),
        coalesce(sum(jobs * size) FILTER (WHERE state IN ('succeeded', 'dead', 'cancelled', 'discarded')), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'queued'), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'retrying'), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'succeeded'), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'dead'), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'cancelled'), 0),
        coalesce(sum(jobs) FILTER (WHERE state = 'discarded'), 0)
      FROM step
      WHERE batch_id IS NOT NULL
      GROUP BY owner, batch_id
      ON CONFLICT (owner, id) DO UPDATE SET
        last_at = greatest(batch.last_at, excluded.last_at),
        ended_at = greatest(batch.ended_at, excluded.ended_at),
        bytes = batch.bytes + excluded.bytes,
        ended_bytes = batch.ended_bytes + excluded.ended_bytes,
        queued = batch.queued + excluded.queued,
        retrying = batch.retrying + excluded.retrying,
        succeeded = batch.succeeded + excluded.succeeded,
        dead = batch.dead + excluded.dead,
        cancelled = batch.cancelled + excluded.cancelled,
        discarded = batch.discarded + excluded.discarded
    )
    -- 3. The owner's counts move by the difference.
    INSERT INTO owner_jobs AS counts (
      owner, class, kind, queued, scheduled, retrying, succeeded, dead, cancelled, discarded
    )
    SELECT owner, class, kind,
      coalesce(sum(jobs) FILTER (WHERE state = 'queued'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'scheduled'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'retrying'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'succeeded'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'dead'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'cancelled'), 0),
      coalesce(sum(jobs) FILTER (WHERE state = 'discarded'), 0)
    FROM step
    GROUP BY owner, class, kind
    ON CONFLICT (owner, class, kind) DO UPDATE SET
      queued = counts.queued + excluded.queued,
      scheduled = counts.scheduled + excluded.scheduled,
      retrying = counts.retrying + excluded.retrying,
      succeeded = counts.succeeded + excluded.succeeded,
      dead = counts.dead + excluded.dead,
      cancelled = counts.cancelled + excluded.cancelled,
      discarded = counts.discarded + excluded.discarded
    """
  }

  static let dropEmptyCounts: Query = """
    DELETE FROM owner_jobs
    WHERE (queued, scheduled, retrying, succeeded, dead, cancelled, discarded) = (0, 0, 0, 0, 0, 0, 0)
    """

  /// Attempts that ended, by minute. Of jobs that went with their owner nothing is counted.
  static func count(_ endings: [(UUID, JobChange.Ending)]) -> Query {
    """
    INSERT INTO pace AS pace (minute, owner, class, kind, succeeded, failed, dead)
    SELECT minute, owner, coalesce(ending.class, job.class), kind,
      count(*) FILTER (WHERE outcome = 'succeeded'),
      count(*) FILTER (WHERE outcome = 'failed'),
      count(*) FILTER (WHERE outcome = 'dead')
    FROM unnest(
      \(endings.map(\.0)), \(endings.map(\.1.at.minute)), \(endings.map(\.1.outcome.rawValue)),
      \(endings.map(\.1.jobClass))
    ) AS ending (id, minute, outcome, class)
    JOIN job USING (id)
    GROUP BY minute, owner, coalesce(ending.class, job.class), kind
    ON CONFLICT (minute, owner, class, kind) DO UPDATE SET
      succeeded = pace.succeeded + excluded.succeeded,
      failed = pace.failed + excluded.failed,
      dead = pace.dead + excluded.dead
    """
  }

  static func forgetPace(before minute: Int64) -> Query { "DELETE FROM pace WHERE minute < \(minute)" }

  static func insert(_ failures: [(UUID, JobChange.Failure)]) -> Query {
    """
    INSERT INTO attempt (job_id, owner, position, at, number, reason, code, worker)
    SELECT id, owner, failure.position, at, number, reason, code, worker
    FROM unnest(
      \(failures.map(\.0)), \(failures.map(\.1.position)), \(failures.map(\.1.at)), \(failures.map(\.1.number)),
      \(failures.map(\.1.reason)), \(failures.map(\.1.code)), \(failures.map(\.1.worker))
    ) AS failure (id, position, at, number, reason, code, worker)
    JOIN job USING (id)
    """
  }

  /// States in which a job is of no more use to anybody. Dead letters stay until somebody decides about them.
  static let prunable = ["succeeded", "cancelled", "discarded"]

  /// - Returns: the batches that lost jobs, as owner and id.
  static func prune(finishedBefore time: Date, queuedThrough position: Int64) -> Query {
    """
    WITH pruned AS (
      DELETE FROM job
      WHERE state = ANY (\(prunable)) AND queue_position <= \(position) AND finished_at < \(time)
      RETURNING id, owner, batch_id, class, kind, state
    ), attempts AS (
      DELETE FROM attempt USING pruned WHERE attempt.job_id = pruned.id
    ), gone AS (
      SELECT owner, class, kind,
        count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
        count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE state = 'discarded') AS discarded
      FROM pruned
      GROUP BY owner, class, kind
    ), counts AS (
      UPDATE owner_jobs AS counts
      SET succeeded = counts.succeeded - gone.succeeded, cancelled = counts.cancelled - gone.cancelled,
        discarded = counts.discarded - gone.discarded
      FROM gone
      WHERE (counts.owner, counts.class, counts.kind) = (gone.owner, gone.class, gone.kind)
    )
    SELECT DISTINCT owner, batch_id FROM pruned WHERE batch_id IS NOT NULL
    """
  }

  /// A batch goes with the last of its jobs.
  static func pruneBatches(_ batches: [(UUID, UUID)]) -> Query {
    """
    DELETE FROM batch
    USING unnest(\(batches.map(\.0)), \(batches.map(\.1))) AS pruned (owner, id)
    WHERE (batch.owner, batch.id) = (pruned.owner, pruned.id)
      AND NOT EXISTS (SELECT FROM job WHERE job.owner = batch.owner AND job.batch_id = batch.id)
    """
  }
}
