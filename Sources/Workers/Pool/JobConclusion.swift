// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Domain
import EventStore
import Foundation
import Logging
import Metrics

/// What becomes of a delivery: first the log is told, then Redis.
///
/// In this order a crash in between leaves an entry whose end the log knows, and which the next worker only clears away.
struct JobConclusion: Sendable {
  let queue: JobQueue
  let ledger: JobLedger
  let retry: RetryPolicy
  let logger: Logger

  /// The handler has appended the result.
  func succeed(_ deliveries: [Delivery]) async throws {
    try await queue.acknowledge(deliveries)
    WorkerMetrics.count(.succeeded, deliveries.count)
  }

  /// There is nothing to do.
  func skip(_ delivery: Delivery) async throws {
    try await queue.acknowledge([delivery])
    WorkerMetrics.count(.skipped)
  }

  /// Failed before, and not due yet: its delayed entry was lost with Redis.
  func rest(_ delivery: Delivery, _ entry: JobEntry, until: Date) async throws {
    try await queue.postpone(delivery, entry, until: until)
    WorkerMetrics.count(.postponed)
  }

  /// Something the job needs is away.
  func postpone(
    _ delivery: Delivery, _ entry: JobEntry, because failure: JobFailure, for pause: Duration = .zero
  ) async throws {
    logger.debug("A job has to wait", metadata: ["position": "\(entry.position)", "reason": "\(failure)"])
    // Spread out, so that what comes back is not met by all jobs at once.
    let seconds = max(.random(in: 0.5...2), pause / .seconds(1))
    try await queue.postpone(delivery, entry, until: Date(timeIntervalSinceNow: seconds))
    WorkerMetrics.count(.postponed)
  }

  /// An attempt has failed.
  func conclude(_ job: OpenJob, _ delivery: Delivery, _ failure: JobFailure) async throws {
    do {
      switch failure.remedy {
      case .wait: try await postpone(delivery, job.entry, because: failure)
      case .later(let pause): try await postpone(delivery, job.entry, because: failure, for: pause)
      case .stale: try await giveWay(job, delivery, failure)
      case .bury: try await bury(job, delivery, failure)
      case .retry:
        let age = Duration.seconds(max(0, Date().timeIntervalSince(job.since)))
        guard let pause = retry.pause(afterAttempt: job.attempt, age: age) else {
          return try await bury(job, delivery, failure)
        }
        try await tryAgain(job, delivery, failure, after: pause)
      }
    } catch let refusal as JobFailure where refusal.remedy == .stale {
      try await giveWay(job, delivery, refusal)
    } catch  where JobFailure(error).remedy == .wait && failure.remedy != .wait {
      // The log cannot take the failure: as if the attempt had not been.
      try await postpone(delivery, job.entry, because: JobFailure(error))
    }
  }

  func buryUndecodable(_ delivery: Delivery, _ error: Undecodable) async throws {
    // Deleted while it was pending: only the id was left, and Redis is to forget it.
    guard !delivery.fields.isEmpty else { return try await skip(delivery) }
    logger.error("An entry that is no job", metadata: ["entry": "\(delivery.id)", "reason": "\(error)"])
    try await queue.bury(delivery, reason: "\(error)")
    WorkerMetrics.count(.dead)
  }

  func buryUnknown(_ delivery: Delivery, _ entry: JobEntry) async throws {
    let reason = "The log has no event at position \(entry.position) that queues such a job."
    logger.error("A job that the log does not know", metadata: ["entry": "\(delivery.id)", "reason": "\(reason)"])
    try await queue.bury(delivery, reason: reason)
    WorkerMetrics.count(.dead)
  }

  private func tryAgain(
    _ job: OpenJob, _ delivery: Delivery, _ failure: JobFailure, after pause: Duration
  ) async throws {
    let due = Date(timeIntervalSinceNow: pause / .seconds(1))
    try await ledger.fail(job, failure, retryAt: due)
    try await queue.postpone(delivery, job.entry, until: due)
    logger.warning(
      "A job failed and will be tried again",
      metadata: job.named(["attempt": "\(job.attempt)", "pause": "\(pause)", "reason": "\(failure)"]))
    WorkerMetrics.count(.retried)
  }

  private func bury(_ job: OpenJob, _ delivery: Delivery, _ failure: JobFailure) async throws {
    try await ledger.bury(job, failure)
    try await queue.bury(delivery, reason: failure.reason, job: job.id)
    logger.error(
      "A job is given up",
      metadata: job.named(["attempts": "\(job.attempt)", "reason": "\(failure)"]))
    WorkerMetrics.count(.dead)
  }

  private func giveWay(_ job: OpenJob, _ delivery: Delivery, _ failure: JobFailure) async throws {
    if job.cancellation.isCancelled {
      logger.info("A job was cancelled", metadata: job.named())
    } else {
      logger.notice("Another worker ended the job first", metadata: job.named(["reason": "\(failure)"]))
      WorkerMetrics.stale.increment()
    }
    try await skip(delivery)
  }
}

extension OpenJob {
  /// For a line about the job: what it is about, and what else there is to say.
  fileprivate func named(_ rest: Logger.Metadata = [:]) -> Logger.Metadata {
    rest.merging(["eventId": "\(cause.id.text)", "job": "\(id.text)"]) { own, _ in own }
  }
}
