// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Projections

/// A job as its owner sees it.
struct JobBody: Encodable {
  let id: String
  let kind: JobKind
  let `class`: JobClass
  let state: JobItem.State
  @Nullable var fileId: String?
  @Nullable var path: String?
  @Nullable var batchId: String?
  let attempts: Int
  let queuedAt: Date
  @Nullable var runAt: Date?
  @Nullable var retryAt: Date?
  @Nullable var finishedAt: Date?
  @Nullable var error: String?
  /// Own jobs that will be begun before this one.
  @Nullable var ahead: Int?
  @Nullable var secondsLeft: Int?

  /// - Parameter pace: jobs of the owner that end in a second.
  init(_ job: JobItem, ahead: Int? = nil, pace: Double? = nil) {
    id = job.id.text
    kind = job.kind
    `class` = job.jobClass
    state = job.state
    _fileId = Nullable(wrappedValue: job.fileId?.text)
    _path = Nullable(wrappedValue: job.path)
    _batchId = Nullable(wrappedValue: job.batchId?.text)
    attempts = job.attempts
    queuedAt = job.queuedAt
    _runAt = Nullable(wrappedValue: job.runAt)
    _retryAt = Nullable(wrappedValue: job.retryAt)
    _finishedAt = Nullable(wrappedValue: job.finishedAt)
    _error = Nullable(wrappedValue: job.error)
    _ahead = Nullable(wrappedValue: ahead)
    _secondsLeft = Nullable(wrappedValue: ahead.flatMap { Pace.seconds(for: Int64($0) + 1, at: pace) })
  }
}

enum Pace {
  /// How long so many jobs take when so many end in a second; nil when nobody can say.
  static func seconds(for jobs: Int64, at pace: Double?) -> Int? { pace.map { Int((Double(jobs) / $0).rounded(.up)) } }
}

/// A failed attempt. Which worker made it is for administrators.
struct AttemptBody: Encodable {
  let attempt: Int
  let at: Date
  @Nullable var code: String?
  let reason: String

  init(_ attempt: JobAttempt) {
    self.attempt = attempt.number
    at = attempt.at
    _code = Nullable(wrappedValue: attempt.code)
    reason = attempt.reason
  }
}

struct JobCountsBody: Encodable {
  let queued: Int64
  let scheduled: Int64
  let retrying: Int64
  let succeeded: Int64
  let dead: Int64
  let cancelled: Int64
  let discarded: Int64

  init(_ counts: JobCounts) {
    queued = counts.queued
    scheduled = counts.scheduled
    retrying = counts.retrying
    succeeded = counts.succeeded
    dead = counts.dead
    cancelled = counts.cancelled
    discarded = counts.discarded
  }
}

/// Uploads that were sent together, and how far the work on them is.
struct BatchBody: Encodable {
  let id: String
  let files: Int64
  /// Logical bytes.
  let bytes: Int64
  let endedFiles: Int64
  let endedBytes: Int64
  let counts: JobCountsBody
  let firstAt: Date
  let lastAt: Date
  @Nullable var endedAt: Date?
  @Nullable var secondsLeft: Int?

  init(_ batch: BatchItem, pace: Double?) {
    id = batch.id.text
    files = batch.files
    bytes = batch.bytes
    endedFiles = batch.files - batch.counts.open
    endedBytes = batch.endedBytes
    counts = JobCountsBody(batch.counts)
    firstAt = batch.firstAt
    lastAt = batch.lastAt
    _endedAt = Nullable(wrappedValue: batch.counts.open == 0 ? batch.endedAt : nil)
    let left = batch.counts.open > 0 ? Pace.seconds(for: batch.counts.open, at: pace) : nil
    _secondsLeft = Nullable(wrappedValue: left)
  }
}
