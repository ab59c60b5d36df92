// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What a batch of events says of one job: the last word on each column, nil where nothing was said.
struct JobChange {
  /// The first event of a job, when it is in the batch.
  struct Queued {
    /// Zero for jobs that are nobody's.
    var owner: UUID
    var fileId: UUID?
    var batchId: UUID?
    var position: Int64
    var size: Int64
    var at: Date
    var kind: String
    var path: String?
  }

  /// An attempt that ended.
  struct Ending {
    enum Outcome: String { case succeeded, failed, dead }

    var at: Date
    var outcome: Outcome
    /// The job's class at the time; nil for that before the batch.
    var jobClass: String?
  }

  /// A failed attempt.
  struct Failure {
    var position: Int64
    var at: Date
    var number: Int32
    var reason: String
    var code: String?
    var worker: String?
  }

  var queued: Queued?
  var state = "queued"
  var queuePosition: Int64?
  var jobClass: String?
  var dueAt: Date?
  var finishedAt: Date?
  /// The last time it came to an end, whether it was requeued since or not.
  var endedAt: Date?
  /// Whether the reason of an earlier failure still stands.
  var keepsError = true
  var error: String?
  var fingerprint: String?
  /// Failures tell the number of their attempt. The attempt that succeeds comes after them.
  var attempts: Int32?
  var successes: Int32 = 0
  var endings: [Ending] = []
  var failures: [Failure] = []

  /// Not to be tried again by itself.
  static let finished: Set<String> = ["succeeded", "dead", "cancelled", "discarded"]

  mutating func fold(_ event: RecordedEvent, _ payload: Payload) throws {
    switch event.type {
    case "file.uploaded":
      try begin(
        event, payload, kind: JobKind.analyze.rawValue, owner: event.requiredOwner(), size: payload.integer("size"),
        path: payload.text("path"))
    case "job.queued":
      try begin(event, payload, kind: payload.text("kind"), owner: event.owner ?? .zero, size: 0, path: nil)
      if let runAt = try payload.optionalInteger("runAt") {
        state = "scheduled"
        dueAt = Date(milliseconds: runAt)
      }
    case "job.succeeded", "job.completed":
      attempted(event, .succeeded)
      finish("succeeded", at: event.recordedAt)
      clearError()
      successes += 1
    case "job.failed":
      attempted(event, .failed)
      state = "retrying"
      finishedAt = nil
      dueAt = Date(milliseconds: try payload.integer("retryAt"))
      try fail(event, payload, attempt: payload.integer("attempt"), code: payload.optionalText("code"))
    case "job.deadLettered":
      attempted(event, .dead)
      finish("dead", at: event.recordedAt)
      let print = try payload.text("fingerprint")
      try fail(
        event, payload, attempt: payload.integer("attempts"), code: print.split(separator: ":").last.map { String($0) })
      fingerprint = print
    case "job.requeued":
      state = "queued"
      finishedAt = nil
      dueAt = event.recordedAt
      queuePosition = event.position.rawValue
      jobClass = try payload.text("jobClass")
      (attempts, successes) = (0, 0)
      clearError()
    case "job.cancelled":
      finish("cancelled", at: event.recordedAt)
    default:
      finish("discarded", at: event.recordedAt)
    }
  }

  private mutating func begin(
    _ event: RecordedEvent, _ payload: Payload, kind: String, owner: UUID, size: Int64, path: String?
  ) throws {
    guard queued == nil else { throw UnreadableEvent(event, "the job was queued before") }
    queued = Queued(
      owner: owner, fileId: try payload.optionalUUID("fileId"), batchId: try payload.optionalUUID("batchId"),
      position: event.position.rawValue, size: size, at: event.recordedAt, kind: kind, path: path)
    queuePosition = event.position.rawValue
    jobClass = try payload.text("jobClass")
    dueAt = event.recordedAt
  }

  private mutating func attempted(_ event: RecordedEvent, _ outcome: Ending.Outcome) {
    endings.append(Ending(at: event.recordedAt, outcome: outcome, jobClass: jobClass))
  }

  private mutating func finish(_ state: String, at time: Date) {
    self.state = state
    finishedAt = time
    if state != "discarded" { endedAt = time }
  }

  private mutating func fail(_ event: RecordedEvent, _ payload: Payload, attempt: Int64, code: String?) throws {
    let reason = try payload.text("reason")
    clearError()
    error = reason
    (attempts, successes) = (Int32(clamping: attempt), 0)
    failures.append(
      Failure(
        position: event.position.rawValue, at: event.recordedAt, number: Int32(clamping: attempt), reason: reason,
        code: code, worker: try payload.optionalText("worker")))
  }

  private mutating func clearError() {
    keepsError = false
    error = nil
    fingerprint = nil
  }
}

extension Date {
  init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}
