// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Domain
import EventStore
import Foundation
import Logging
import Metrics
import Telemetry

extension WorkerPool {
  /// Sees a batch of deliveries to their ends. Look-ups are made once for all of them; each job ends on its own.
  func work(on deliveries: [Delivery]) async {
    let start = ContinuousClock.now
    let startTime = EventSpans.now
    var entries: [(delivery: Delivery, entry: JobEntry)] = []
    for delivery in deliveries {
      do throws(Undecodable) {
        entries.append((delivery, try JobEntry(delivery)))
      } catch {
        await end([delivery]) { try await self.conclusion.buryUndecodable(delivery, error) }
      }
    }
    guard !entries.isEmpty else { return }

    let standings: [Position: JobLedger.Standing]
    do {
      standings = try await ledger.standings(of: entries.map(\.entry))
    } catch {
      let failure = JobFailure(error)
      for (delivery, entry) in entries {
        await end([delivery]) { try await self.conclusion.postpone(delivery, entry, because: failure) }
      }
      return
    }

    var open: [JobKind: [OpenJob]] = [:]
    var deliveryByJob: [UUID: Delivery] = [:]
    for (delivery, entry) in entries {
      switch standings[entry.position] {
      // The same job twice in one batch: the first stands for both.
      case .open(let job) where deliveryByJob[job.id] != nil:
        await end([delivery]) { try await self.conclusion.skip(delivery) }
      case .open(let job) where delivery.deliveries > options.maxDeliveries:
        let failure = JobFailure(
          .bury, code: "worker.died", reason: "Given out \(delivery.deliveries) times and never ended.")
        await end([delivery]) { try await self.conclusion.conclude(job, delivery, failure) }
      case .open(let job):
        deliveryByJob[job.id] = delivery
        open[entry.kind, default: []].append(job)
        holdings.begin(job, delivery)
      case .resting(let until): await end([delivery]) { try await self.conclusion.rest(delivery, entry, until: until) }
      case .finished: await end([delivery]) { try await self.conclusion.skip(delivery) }
      case .unknown, nil: await end([delivery]) { try await self.conclusion.buryUnknown(delivery, entry) }
      }
    }
    await perform(open, deliveryByJob, since: start, startTime)
  }

  /// Kinds do not wait for each other.
  private func perform(
    _ open: [JobKind: [OpenJob]], _ deliveryByJob: [UUID: Delivery], since start: ContinuousClock.Instant,
    _ startTime: EventSpans.Time
  ) async {
    let report = JobReport { jobs, result in
      Self.trace(jobs, result, since: startTime)
      await self.conclude(jobs, deliveryByJob, result, since: start)
    }
    await withDiscardingTaskGroup { group in
      for (kind, jobs) in open {
        guard let handler = handlers[kind] else { continue }
        WorkerMetrics.active.increment(by: Double(jobs.count))
        WorkerMetrics.begin(jobs)
        group.addTask { await handler.perform(jobs, report: report) }
      }
    }
  }

  private static func trace(_ jobs: [OpenJob], _ result: Result<Void, any Error>, since start: EventSpans.Time) {
    guard Traces.areRecorded else { return }
    let failure: JobFailure? = if case .failure(let error) = result { JobFailure(error) } else { nil }
    for job in jobs { job.recordSpan(since: start, failure: failure) }
  }

  private func conclude(
    _ jobs: [OpenJob], _ deliveryByJob: [UUID: Delivery], _ result: Result<Void, any Error>,
    since start: ContinuousClock.Instant
  ) async {
    WorkerMetrics.active.decrement(by: Double(jobs.count))
    switch result {
    case .success:
      let elapsed = start.duration(to: .now)
      for _ in jobs { WorkerMetrics.duration.record(duration: elapsed) }
      let deliveries = jobs.compactMap { deliveryByJob[$0.id] }
      await end(deliveries) { try await self.conclusion.succeed(deliveries) }
    case .failure(let error):
      // Cut off by the shutdown, and handed back by it: the failure is not the job's.
      guard !Task.isCancelled else { return }
      for job in jobs {
        guard let delivery = deliveryByJob[job.id] else { continue }
        await end([delivery]) { try await self.conclusion.conclude(job, delivery, JobFailure(error)) }
      }
    }
  }

  /// Does the last step for deliveries and lets go of them. If the step fails the entries stay pending and are rescued: nobody renews them.
  private func end(_ deliveries: [Delivery], _ step: () async throws -> Void) async {
    do {
      try await step()
    } catch {
      guard !Task.isCancelled else { return }
      logger.warning(
        "Entries of jobs could not be moved on; they will be looked at again",
        metadata: ["entries": "\(deliveries.count)", "first": "\(deliveries[0].id)", "error": "\(error)"])
    }
    holdings.remove(deliveries)
  }
}
