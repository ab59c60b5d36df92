// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Logging
public import ServiceLifecycle

/// Queues the jobs of schedules. Any number of schedulers run, and each slot has one job: all of them ask for a job of the same id.
///
/// A scheduler that starts queues the slot it is in, if nobody did: what fell into a time without any is made up for once.
public struct Scheduler: Service {
  private let submission: JobSubmission
  private let schedules: [Schedule]
  private let logger: Logger

  public init(log: any EventLog, schedules: [Schedule], logger: Logger = Logger(label: "onefold.scheduler")) {
    submission = JobSubmission(log: log)
    self.schedules = schedules
    self.logger = logger
  }

  /// Until graceful shutdown. A failure costs its slot, unless another scheduler queues it.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for schedule in self.schedules { group.addTask { await self.follow(schedule) } }
      }
    }
  }

  private func follow(_ schedule: Schedule) async {
    while !Task.isCancelled {
      let slot = schedule.slot(at: Date())
      do {
        try await queue(schedule, slot: slot)
      } catch  where !Task.isCancelled {
        logger.warning(
          "A scheduled job could not be queued", metadata: ["kind": "\(schedule.kind)", "error": "\(error)"])
      } catch {}
      let pause = schedule.start(ofSlot: slot + 1).timeIntervalSinceNow
      try? await Task.sleep(for: .seconds(max(0.001, pause)))
    }
  }

  /// Nil when there is nothing to do.
  @discardableResult
  func queue(_ schedule: Schedule, slot: Int64) async throws -> JobSubmission.Outcome? {
    guard try await schedule.isDue() else { return nil }
    let outcome = try await submission.submit(schedule.request(forSlot: slot))
    if case .queued(let id, _) = outcome {
      logger.debug("A scheduled job was queued", metadata: ["kind": "\(schedule.kind)", "job": "\(id)"])
    }
    return outcome
  }
}
