// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Postgres

/// Folds the log into one row for each job, and counts by owner and state.
///
/// An upload queues a job under the id of its event; what becomes of it is told by the events of the job's stream.
public struct JobsProjection: Projection {
  public static let name = "jobs"
  public static let version = 1
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "job.succeeded", "job.failed", "job.deadLettered",
  ]

  public static let ownerTables: [StaticString] = ["job", "owner_jobs"]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    var jobs = InOrder<UUID, JobChange>()
    for event in batch {
      let id = event.type == "file.uploaded" ? event.id : try Payload(event).uuid("jobId")
      try jobs[id, default: JobChange()].fold(event)
    }
    let queued = zip(jobs.keys, jobs.values).filter { $1.queued != nil }
    if !queued.isEmpty { try await insert(queued, on: connection) }
    _ = try await connection.execute(
      Self.change(zip(jobs.keys, jobs.values).filter { $1.queued == nil }, count(queued)))
  }

  /// New jobs, as they are after the batch.
  private func insert(_ jobs: [(UUID, JobChange)], on connection: PostgresConnection) async throws {
    try await connection.copyIn(
      """
      COPY job (
        id, owner, file_id, position, queued_at, finished_at, retry_at, attempts, kind, class, state, path, error
      ) FROM STDIN (FORMAT binary)
      """, rows: jobs
    ) { row, writer in
      guard let job = row.1.queued else { return }
      writer.row(
        row.0, job.owner, job.fileId, job.position, job.at, row.1.finishedAt, row.1.retryAt,
        (row.1.attempts ?? 0) + row.1.successes, "analyze", job.jobClass, row.1.state ?? "queued", job.path,
        row.1.error)
    }
  }

  private func count(_ jobs: [(UUID, JobChange)]) -> InOrder<OwnerState, Int64> {
    var counts = InOrder<OwnerState, Int64>()
    for (_, change) in jobs {
      guard let owner = change.queued?.owner else { continue }
      counts[OwnerState(owner: owner, state: change.state ?? "queued"), default: 0] += 1
    }
    return counts
  }

  struct OwnerState: Hashable {
    var owner: UUID
    var state: String
  }

  /// Jobs of earlier batches, and the counts, which hold those of this batch as well.
  static func change(_ jobs: [(UUID, JobChange)], _ queued: InOrder<OwnerState, Int64>) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(jobs.map(\.0)), \(jobs.map { $0.1.state ?? "" }), \(jobs.map(\.1.finishedAt)), \(jobs.map(\.1.retryAt)),
        \(jobs.map(\.1.attempts)), \(jobs.map(\.1.successes)), \(jobs.map(\.1.error))
      ) AS change (id, state, finished_at, retry_at, attempts, successes, error)
    ), known AS (
      -- 1. Jobs before and after the batch.
      SELECT job.id, job.owner, job.state AS old_state, change.state, change.finished_at, change.retry_at, change.error,
        coalesce(change.attempts, job.attempts) + successes AS attempts
      FROM job
      JOIN change USING (id)
    ), update AS (
      UPDATE job
      SET finished_at = known.finished_at, retry_at = known.retry_at, attempts = known.attempts, state = known.state,
        error = known.error
      FROM known
      WHERE job.id = known.id
    ), step AS (
      SELECT *
      FROM unnest(\(queued.keys.map(\.owner)), \(queued.keys.map(\.state)), \(queued.values))
        AS queued (owner, state, jobs)
      UNION ALL
      SELECT owner, state, 1 FROM known
      UNION ALL
      SELECT owner, old_state, -1 FROM known
    )
    -- 2. The owner's counts move by the difference.
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

/// What a batch says of one job: the last word on each column, nil where nothing was said.
struct JobChange {
  struct Queued {
    var owner: UUID
    var fileId: UUID
    var position: Int64
    var at: Date
    var jobClass: String
    var path: String
  }

  var queued: Queued?
  var state: String?
  var finishedAt: Date?
  var retryAt: Date?
  var error: String?
  /// Failures tell the number of their attempt. The attempt that succeeds comes after them.
  var attempts: Int32?
  var successes: Int32 { state == "succeeded" ? 1 : 0 }

  mutating func fold(_ event: RecordedEvent) throws {
    let payload = Payload(event)
    switch event.type {
    case "file.uploaded":
      guard queued == nil else { throw UnreadableEvent(event, "the job was queued before") }
      queued = Queued(
        owner: try event.requiredOwner(), fileId: try payload.uuid("fileId"), position: event.position.rawValue,
        at: event.recordedAt, jobClass: try payload.text("jobClass"), path: try payload.text("path"))
    case "job.succeeded":
      finish("succeeded", at: event.recordedAt)
    case "job.failed":
      finish("retrying", error: try payload.text("reason"))
      retryAt = Date(timeIntervalSince1970: Double(try payload.integer("retryAt")) / 1000)
      attempts = Int32(clamping: try payload.integer("attempt"))
    default:
      finish("dead", at: event.recordedAt, error: try payload.text("reason"))
      attempts = Int32(clamping: try payload.integer("attempts"))
    }
  }

  private mutating func finish(_ state: String, at time: Date? = nil, error: String? = nil) {
    self.state = state
    finishedAt = time
    retryAt = nil
    self.error = error
  }
}
