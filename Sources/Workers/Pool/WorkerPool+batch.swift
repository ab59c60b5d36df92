// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Domain
import Foundation
import Logging
import Metrics

extension WorkerPool {
  /// Sees a batch of deliveries to their ends. Look-ups are made once for all of them; each job ends on its own.
  func work(on deliveries: [Delivery]) async {
    let start = ContinuousClock.now
    var deliveryByJob: [UUID: Delivery] = [:]
    var entries: [JobEntry] = []
    for delivery in deliveries {
      do throws(Undecodable) {
        let entry = try JobEntry(delivery)
        if deliveryByJob[entry.id] == nil {
          deliveryByJob[entry.id] = delivery
          entries.append(entry)
        } else {
          // The same job twice in one batch: the first stands for both.
          await end(delivery) { try await self.conclusion.skip(delivery) }
        }
      } catch {
        await end(delivery) { try await self.conclusion.buryUndecodable(delivery, error) }
      }
    }
    guard !entries.isEmpty else { return }

    let standings: [UUID: JobLedger.Standing]
    do {
      standings = try await ledger.standings(of: entries)
    } catch {
      let failure = JobFailure(error)
      for entry in entries {
        guard let delivery = deliveryByJob[entry.id] else { continue }
        await end(delivery) { try await self.conclusion.postpone(delivery, entry, because: failure) }
      }
      return
    }

    var open: [JobKind: [OpenJob]] = [:]
    for entry in entries {
      guard let delivery = deliveryByJob[entry.id] else { continue }
      switch standings[entry.id] {
      case .open(let job) where delivery.deliveries > options.maxDeliveries:
        let failure = JobFailure(
          .bury, code: "worker.died", reason: "Given out \(delivery.deliveries) times and never ended.")
        await end(delivery) { try await self.conclusion.conclude(job, delivery, failure) }
      case .open(let job): open[entry.kind, default: []].append(job)
      case .resting(let until): await end(delivery) { try await self.conclusion.rest(delivery, entry, until: until) }
      case .finished: await end(delivery) { try await self.conclusion.skip(delivery) }
      case .unknown, nil: await end(delivery) { try await self.conclusion.buryUnknown(delivery, entry) }
      }
    }
    await perform(open, deliveryByJob, since: start)
  }

  private func perform(
    _ open: [JobKind: [OpenJob]], _ deliveryByJob: [UUID: Delivery], since start: ContinuousClock.Instant
  ) async {
    for (kind, jobs) in open {
      guard let handler = handlers[kind] else { continue }
      WorkerMetrics.active.increment(by: Double(jobs.count))
      await handler.perform(jobs) { job, result in
        WorkerMetrics.active.decrement(by: 1)
        guard let delivery = deliveryByJob[job.id] else { return }
        switch result {
        case .success:
          WorkerMetrics.duration.record(duration: start.duration(to: .now))
          await self.end(delivery) { try await self.conclusion.succeed(delivery) }
        case .failure(let error):
          // Cut off by the shutdown, and handed back by it: the failure is not the job's.
          guard !Task.isCancelled else { return }
          await self.end(delivery) { try await self.conclusion.conclude(job, delivery, JobFailure(error)) }
        }
      }
    }
  }

  /// Does the last step for a delivery and lets go of it. If the step fails the entry stays pending and is rescued: nobody renews it.
  private func end(_ delivery: Delivery, _ step: () async throws -> Void) async {
    do {
      try await step()
    } catch {
      guard !Task.isCancelled else { return }
      logger.warning(
        "A job's entry could not be moved on; it will be looked at again",
        metadata: ["stream": "\(delivery.stream)", "entry": "\(delivery.id)", "error": "\(error)"])
    }
    holdings.remove(delivery)
  }
}
