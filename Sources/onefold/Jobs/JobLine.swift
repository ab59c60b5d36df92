// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Projections

/// A job as `onefold jobs` writes it. The members are those of the API.
struct JobLine: Encodable {
  struct Failure: Encodable {
    let attempt: Int
    let at: String
    let code: String?
    let reason: String
    let worker: String?
  }

  let id: String
  let owner: String?
  let kind: String
  let `class`: String
  let state: String
  let fileId: String?
  let path: String?
  let batchId: String?
  let attempts: Int
  let queuedAt: String
  let runAt: String?
  let retryAt: String?
  let finishedAt: String?
  let error: String?
  let fingerprint: String?
  let position: Int64
  let queuePosition: Int64
  let failures: [Failure]?

  init(_ job: JobItem, attempts: [JobAttempt]? = nil) {
    id = job.id.text
    owner = job.owner?.text
    kind = job.kind.rawValue
    `class` = job.jobClass.rawValue
    state = job.state.rawValue
    fileId = job.fileId?.text
    path = job.path
    batchId = job.batchId?.text
    self.attempts = job.attempts
    queuedAt = job.queuedAt.rfc3339
    runAt = job.runAt?.rfc3339
    retryAt = job.retryAt?.rfc3339
    finishedAt = job.finishedAt?.rfc3339
    error = job.error
    fingerprint = job.fingerprint
    position = job.position.rawValue
    queuePosition = job.queuePosition.rawValue
    failures = attempts?.map {
      Failure(attempt: $0.number, at: $0.at.rfc3339, code: $0.code, reason: $0.reason, worker: $0.worker)
    }
  }

  /// A line for each thing that is known, then the attempts.
  var text: String {
    let lines: [(String, String?)] = [
      ("job", id), ("state", state), ("kind", kind), ("class", `class`), ("owner", owner ?? "nobody"), ("file", fileId),
      ("path", path), ("batch", batchId), ("queued", queuedAt), ("runs at", runAt), ("retried at", retryAt),
      ("finished", finishedAt), ("attempts", "\(attempts)"), ("error", error), ("fingerprint", fingerprint),
      ("position", "\(position)" + (queuePosition == position ? "" : ", requeued at \(queuePosition)")),
    ]
    let known = lines.compactMap { name, value in
      value.map { name.padding(toLength: 13, withPad: " ", startingAt: 0) + $0 }
    }
    let attempts = (failures ?? []).map { failure in
      "attempt \(failure.attempt)    \(failure.at)  \([failure.worker, failure.code].compactMap { $0 }.joined(separator: "  "))\n"
        + "             \(failure.reason)"
    }
    return (known + attempts).joined(separator: "\n")
  }
}

struct DeadLine: Encodable {
  let fingerprint: String
  let kind: String
  let jobs: Int64
  let firstAt: String
  let lastAt: String
  let reason: String

  init(_ group: DeadGroup) {
    fingerprint = group.fingerprint
    kind = group.kind.rawValue
    jobs = group.jobs
    firstAt = group.firstAt.rfc3339
    lastAt = group.lastAt.rfc3339
    reason = group.reason
  }
}

/// One line, members in order.
func jsonText(_ value: some Encodable) throws -> String {
  String(decoding: try CanonicalJSON.encode(value), as: UTF8.self)
}
