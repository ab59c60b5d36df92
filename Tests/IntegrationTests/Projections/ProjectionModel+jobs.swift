// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// Jobs in the model.
extension ProjectionModel {
  mutating func job(_ event: RecordedEvent) throws {
    switch event.type {
    case JobQueued.eventType: try queued(event)
    case JobSucceeded.eventType:
      let payload = try event.decode(JobSucceeded.self)
      files[payload.fileId]?.isSettled = true
      if let owner = event.owner {
        let key = Owned(owner: owner, digest: payload.digest)
        // Of somebody who was erased meanwhile, the end of a job is all there is.
        owned[key] = payload.size
        settled[key] = payload.storedBytes
      }
      succeed(payload.jobId, event)
    case JobCompleted.eventType: succeed(try event.decode(JobCompleted.self).jobId, event)
    case JobFailed.eventType:
      let payload = try event.decode(JobFailed.self)
      attempted(payload.jobId, event, "failed")
      fail(payload.jobId, event, payload.attempt, payload.reason, payload.code, payload.worker)
      jobs[payload.jobId]?.state = "retrying"
      jobs[payload.jobId]?.finishedAt = nil
      jobs[payload.jobId]?.dueAt = Date(timeIntervalSince1970: Double(payload.retryAt) / 1000)
    case JobDeadLettered.eventType:
      let payload = try event.decode(JobDeadLettered.self)
      let code = payload.fingerprint.components(separatedBy: ":").last
      attempted(payload.jobId, event, "dead")
      fail(payload.jobId, event, payload.attempts, payload.reason, code, payload.worker)
      finish(payload.jobId, "dead", event)
      jobs[payload.jobId]?.fingerprint = payload.fingerprint
    case JobRequeued.eventType:
      let payload = try event.decode(JobRequeued.self)
      jobs[payload.jobId]?.state = "queued"
      jobs[payload.jobId]?.jobClass = payload.jobClass
      jobs[payload.jobId]?.queuePosition = event.position
      jobs[payload.jobId]?.dueAt = event.recordedAt
      jobs[payload.jobId]?.finishedAt = nil
      jobs[payload.jobId]?.attempts = 0
      jobs[payload.jobId]?.error = nil
      jobs[payload.jobId]?.fingerprint = nil
    case JobCancelled.eventType: finish(try event.decode(JobCancelled.self).jobId, "cancelled", event)
    default: finish(try event.decode(JobDiscarded.self).jobId, "discarded", event)
    }
  }

  private mutating func queued(_ event: RecordedEvent) throws {
    let payload = try event.decode(JobQueued.self)
    let runAt = payload.runAt.map { Date(timeIntervalSince1970: Double($0) / 1000) }
    jobs[payload.jobId] = Job(
      owner: event.owner ?? UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), kind: payload.kind,
      jobClass: payload.jobClass, position: event.position, queuePosition: event.position, queuedAt: event.recordedAt,
      dueAt: runAt ?? event.recordedAt, fileId: payload.fileId, state: runAt == nil ? "queued" : "scheduled")
  }

  private mutating func succeed(_ id: UUID, _ event: RecordedEvent) {
    attempted(id, event, "succeeded")
    finish(id, "succeeded", event)
    jobs[id]?.attempts += 1
    jobs[id]?.error = nil
    jobs[id]?.fingerprint = nil
  }

  private mutating func fail(
    _ id: UUID, _ event: RecordedEvent, _ number: Int, _ reason: String, _ code: String?, _ worker: String?
  ) {
    guard let owner = jobs[id]?.owner else { return }
    jobs[id]?.attempts = number
    jobs[id]?.error = reason
    jobs[id]?.fingerprint = nil
    let fields = [
      id.text, owner.text, "\(event.position)", time(event.recordedAt), "\(number)", reason, code ?? "-", worker ?? "-",
    ]
    jobs[id]?.failures.append(fields.joined(separator: "|"))
  }

  private mutating func finish(_ id: UUID, _ state: String, _ event: RecordedEvent) {
    jobs[id]?.state = state
    jobs[id]?.finishedAt = event.recordedAt
    if state != "discarded" { jobs[id]?.ends.append(event.recordedAt) }
  }

  private mutating func attempted(_ id: UUID, _ event: RecordedEvent, _ outcome: String) {
    guard let job = jobs[id] else { return }
    let minute = Int64((event.recordedAt.timeIntervalSince1970 / 60).rounded(.down))
    endings.append(
      Ending(owner: job.owner, jobClass: job.jobClass, kind: job.kind, outcome: outcome, minute: minute))
  }

  mutating func prune(_ event: RecordedEvent) throws {
    let payload = try event.decode(QueuePruned.self)
    let time = Date(timeIntervalSince1970: Double(payload.finishedBefore) / 1000)
    for (id, job) in jobs where job.isFinished && job.state != "dead" {
      guard let end = job.finishedAt, end < time, job.queuePosition.rawValue <= payload.queuedThrough else { continue }
      pruned.append(job)
      jobs[id] = nil
    }
    let alive = Set(jobs.values.map(\.batch))
    pruned = pruned.filter { alive.contains($0.batch) }
  }

  mutating func queue(_ event: RecordedEvent) throws {
    func change(_ scope: QueueScope, _ value: String, _ body: (inout Queue) -> Void) {
      var queue = queues["\(scope.rawValue)|\(value)"] ?? Queue(position: event.position, changedAt: event.recordedAt)
      queue.position = event.position
      queue.changedAt = event.recordedAt
      body(&queue)
      queues["\(scope.rawValue)|\(value)"] = queue
    }
    switch event.type {
    case QueuePaused.eventType:
      let payload = try event.decode(QueuePaused.self)
      change(payload.scope, payload.value) { ($0.isPaused, $0.reason) = (true, payload.reason) }
    case QueueResumed.eventType:
      let payload = try event.decode(QueueResumed.self)
      change(payload.scope, payload.value) { ($0.isPaused, $0.reason) = (false, nil) }
    default:
      let payload = try event.decode(QueueLimited.self)
      change(payload.scope, payload.value) { $0.limits = payload }
    }
  }
}

extension ProjectionModel {
  func jobRow(_ id: UUID, _ job: Job) -> String {
    [
      id.text, job.owner.text, job.fileId?.text ?? "-", job.batchId?.text ?? "-", "\(job.position)",
      "\(job.queuePosition)", "\(job.size)", time(job.queuedAt), time(job.dueAt), time(job.finishedAt),
      "\(job.attempts)",
      job.kind.rawValue, job.jobClass.rawValue, job.state, job.path ?? "-", job.error ?? "-", job.fingerprint ?? "-",
    ].joined(separator: "|")
  }

  var jobCountRows: [String] {
    Dictionary(grouping: jobs.values) { "\($0.owner.text)|\($0.jobClass.rawValue)|\($0.kind.rawValue)" }.map {
      key, jobs in
      key + "|"
        + counts(jobs, ["queued", "scheduled", "retrying", "succeeded", "dead", "cancelled", "discarded"])
    }
  }

  var batchRows: [String] {
    let batched = (jobs.values + pruned).filter { $0.batchId != nil }
    return Dictionary(grouping: batched, by: \.batch).map { key, jobs in
      [
        key, number(jobs.map(\.position.rawValue).min()), time(jobs.map(\.queuedAt).min()),
        time(jobs.map(\.queuedAt).max()), time(jobs.flatMap(\.ends).max()), "\(jobs.reduce(0) { $0 + $1.size })",
        "\(jobs.reduce(0) { $0 + ($1.isFinished ? $1.size : 0) })",
        counts(jobs, ["queued", "retrying", "succeeded", "dead", "cancelled", "discarded"]),
      ].joined(separator: "|")
    }
  }

  var paceRows: [String] {
    let recent = endings.filter { $0.minute >= minute - 15 }
    return Dictionary(grouping: recent) { ending in
      "\(ending.minute)|\(ending.owner.text)|\(ending.jobClass.rawValue)|\(ending.kind.rawValue)"
    }.map { key, endings in
      key + "|"
        + ["succeeded", "failed", "dead"].map { outcome in "\(endings.count { $0.outcome == outcome })" }
        .joined(separator: "|")
    }
  }

  func queueRow(_ key: String, _ queue: Queue) -> String {
    [
      key, "\(queue.position)", time(queue.changedAt), "\(queue.isPaused)", queue.reason ?? "-",
      number(queue.limits.concurrency.map { Int64($0) }), number(queue.limits.ratePerSecond.map { Int64($0) }),
      number(queue.limits.weight.map { Int64($0) }),
    ].joined(separator: "|")
  }

  private func counts(_ jobs: [Job], _ states: [String]) -> String {
    states.map { state in "\(jobs.count { $0.state == state })" }.joined(separator: "|")
  }
}
