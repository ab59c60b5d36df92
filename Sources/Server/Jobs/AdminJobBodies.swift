// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Jobs
import Projections

/// A job as administrators see it.
struct AdminJobBody: Encodable {
  let job: JobBody
  @Nullable var owner: String?
  @Nullable var fingerprint: String?
  /// Of the event that queued it first, and of the one that queued it last.
  let position: Int64
  let queuePosition: Int64

  private enum CodingKeys: CodingKey { case owner, fingerprint, position, queuePosition }

  init(_ job: JobItem) {
    self.job = JobBody(job)
    _owner = Nullable(wrappedValue: job.owner?.text)
    _fingerprint = Nullable(wrappedValue: job.fingerprint)
    position = job.position.rawValue
    queuePosition = job.queuePosition.rawValue
  }

  func encode(to encoder: any Encoder) throws {
    try job.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(_owner, forKey: .owner)
    try container.encode(_fingerprint, forKey: .fingerprint)
    try container.encode(position, forKey: .position)
    try container.encode(queuePosition, forKey: .queuePosition)
  }
}

/// The same with its failed attempts.
struct AdminJobWithFailures: Encodable {
  let job: AdminJobBody
  let failures: [Failure]

  struct Failure: Encodable {
    let attempt: AttemptBody
    @Nullable var worker: String?

    private enum CodingKeys: CodingKey { case worker }

    func encode(to encoder: any Encoder) throws {
      try attempt.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(_worker, forKey: .worker)
    }
  }

  private enum CodingKeys: CodingKey { case failures }

  init(_ job: JobItem, _ attempts: [JobAttempt]) {
    self.job = AdminJobBody(job)
    failures = attempts.map { Failure(attempt: AttemptBody($0), worker: $0.worker) }
  }

  func encode(to encoder: any Encoder) throws {
    try job.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(failures, forKey: .failures)
  }
}

/// The jobs of one class and kind.
struct QueueBody: Encodable {
  let `class`: JobClass
  let kind: JobKind
  let counts: JobCountsBody
  /// What workers have now; null while Redis does not answer.
  @Nullable var inFlight: Int?
  @Nullable var oldestDueAt: Date?
  let lastFiveMinutes: Attempts

  /// Attempts that ended.
  struct Attempts: Encodable {
    let succeeded: Int64
    let failed: Int64
    let dead: Int64
  }

  init(_ queue: QueueItem, inHand: WorkInHand?) {
    `class` = queue.jobClass
    kind = queue.kind
    counts = JobCountsBody(queue.counts)
    _inFlight = Nullable(wrappedValue: inHand?.count(queue.jobClass, queue.kind))
    _oldestDueAt = Nullable(wrappedValue: queue.oldestDueAt)
    lastFiveMinutes = Attempts(succeeded: queue.succeeded, failed: queue.failed, dead: queue.dead)
  }
}

/// What is paused or limited.
struct QueueControlBody: Encodable {
  let scope: QueueScope
  let value: String
  let paused: Bool
  @Nullable var reason: String?
  @Nullable var concurrency: Int?
  @Nullable var ratePerSecond: Int?
  @Nullable var weight: Int?
  let changedAt: Date
  @Nullable var actor: String?

  init(_ control: QueueControl) {
    scope = control.scope
    value = control.value
    paused = control.isPaused
    _reason = Nullable(wrappedValue: control.reason)
    _concurrency = Nullable(wrappedValue: control.concurrency)
    _ratePerSecond = Nullable(wrappedValue: control.ratePerSecond)
    _weight = Nullable(wrappedValue: control.weight)
    changedAt = control.changedAt
    _actor = Nullable(wrappedValue: control.actor?.text)
  }
}

/// Dead letters with one cause.
struct DeadGroupBody: Encodable {
  let fingerprint: String
  @Nullable var kind: JobKind?
  let jobs: Int64
  @Nullable var firstAt: Date?
  @Nullable var lastAt: Date?
  let reason: String

  init(_ group: DeadGroup) {
    fingerprint = group.fingerprint
    _kind = Nullable(wrappedValue: group.kind)
    jobs = group.jobs
    _firstAt = Nullable(wrappedValue: group.firstAt)
    _lastAt = Nullable(wrappedValue: group.lastAt)
    reason = group.reason
  }

  /// Nil when there are none.
  init?(_ entries: StrayEntries) {
    guard entries.count > 0 else { return nil }
    fingerprint = StrayEntries.fingerprint
    _kind = Nullable(wrappedValue: nil)
    jobs = Int64(entries.count)
    _firstAt = Nullable(wrappedValue: entries.firstAt)
    _lastAt = Nullable(wrappedValue: entries.lastAt)
    reason = entries.reason ?? ""
  }
}
