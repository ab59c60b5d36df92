// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation
public import Postgres

/// Folds the log into one row for each job, its failed attempts, counts by owner, class, kind and state, the progress of upload batches,
/// and what administrators have paused and limited.
///
/// An upload queues a job under the id of its event; what becomes of it is told by the events of the job's stream.
public struct JobsProjection: Projection {
  public static let name = "jobs"
  public static let version = 2
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "job.queued", "job.succeeded", "job.completed", "job.failed", "job.deadLettered", "job.requeued",
    "job.cancelled", "job.discarded", "queue.paused", "queue.resumed", "queue.limited", "queue.pruned",
  ]

  public static let ownerTables: [StaticString] = ["job", "attempt", "owner_jobs", "batch", "pace"]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    // What is pruned is what has come to its end so far.
    var start = 0
    for index in batch.indices where batch[index].type == QueuePruned.eventType {
      if index > start { try await change(Array(batch[start..<index]), on: connection) }
      try await prune(batch[index], on: connection)
      start = index + 1
    }
    if start < batch.count { try await change(start == 0 ? batch : Array(batch[start...]), on: connection) }
  }

  private func prune(_ event: RecordedEvent, on connection: PostgresConnection) async throws {
    let payload = Payload(event)
    let time = Date(milliseconds: try payload.integer("finishedBefore"))
    let batches = try await connection.query(
      Self.prune(finishedBefore: time, queuedThrough: payload.integer("queuedThrough"))
    ).decode((UUID, UUID).self)
    if !batches.isEmpty { _ = try await connection.execute(Self.pruneBatches(batches)) }
    _ = try await connection.execute(Self.dropEmptyCounts)
  }

  private func change(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    var jobs = InOrder<UUID, JobChange>()
    var queues = InOrder<QueuePart, QueueChange>()
    for event in batch {
      if event.type.hasPrefix("queue.") {
        try queues[QueuePart(event), default: QueueChange()].fold(event)
      } else {
        let payload = Payload(event)
        let id = event.type == "file.uploaded" ? event.id : try payload.uuid("jobId")
        try jobs[id, default: JobChange()].fold(event, payload)
      }
    }
    // Pace is of the time before the last event, however old that is.
    let horizon = (batch.last?.recordedAt.minute ?? 0) - Self.paceMinutes
    if !jobs.isEmpty { try await change(jobs, paceSince: horizon, on: connection) }
    if !queues.isEmpty { _ = try await connection.execute(Self.change(queues)) }
    _ = try await connection.execute(Self.forgetPace(before: horizon))
  }

  /// How long pace is remembered.
  static let paceMinutes: Int64 = 15

  private func change(_ jobs: InOrder<UUID, JobChange>, paceSince minute: Int64, on connection: PostgresConnection)
    async throws
  {
    let all = zip(jobs.keys, jobs.values)
    let queued = all.filter { $1.queued != nil }
    if !queued.isEmpty { try await insert(queued, on: connection) }
    // Before the rows change: an attempt counts for the class in which it ended.
    let endings = all.flatMap { id, job in job.endings.filter { $0.at.minute >= minute }.map { (id, $0) } }
    if !endings.isEmpty { _ = try await connection.execute(Self.count(endings)) }
    let failures = all.flatMap { id, job in job.failures.map { (id, $0) } }
    if !failures.isEmpty { _ = try await connection.execute(Self.insert(failures)) }
    let known = all.filter { $1.queued == nil }
    _ = try await connection.execute(Self.change(known, queued))
    // A class that all its jobs have left is no row: one would stand there or not, depending on how batches are cut.
    if known.contains(where: { $1.jobClass != nil }) { _ = try await connection.execute(Self.dropEmptyCounts) }
  }

  /// New jobs, as they are after the batch.
  private func insert(_ jobs: [(UUID, JobChange)], on connection: PostgresConnection) async throws {
    try await connection.copyIn(
      """
      COPY job (
        id, owner, file_id, batch_id, position, queue_position, size, queued_at, due_at, finished_at, attempts, kind, class,
        state, path, error, fingerprint
      ) FROM STDIN (FORMAT binary)
      """, rows: jobs
    ) { row, writer in
      let change = row.1
      guard let job = change.queued else { return }
      writer.row(
        row.0, job.owner, job.fileId, job.batchId, job.position, change.queuePosition ?? job.position, job.size, job.at,
        change.dueAt ?? job.at, change.finishedAt, (change.attempts ?? 0) + change.successes, job.kind, change.jobClass,
        change.state, job.path, change.error, change.fingerprint)
    }
  }
}

extension Date {
  /// Since 1970.
  var minute: Int64 { Int64((timeIntervalSince1970 / 60).rounded(.down)) }
}
