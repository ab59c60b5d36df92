// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
public import Logging
import Metrics
public import Projections
public import Redis
public import ServiceLifecycle

/// Shows the queues as gauges: what the log says of them, and what workers have in hand. The names are explained in the catalogue of metrics.
///
/// Every process that runs it shows the same figures, so they are not to be added up over processes.
public struct QueueGauges: Service {
  private let jobs: JobViews
  private let redis: RedisClient
  private let interval: Duration
  private let logger: Logger

  public init(jobs: JobViews, redis: RedisClient, interval: Duration = .seconds(10), logger: Logger) {
    self.jobs = jobs
    self.redis = redis
    self.interval = interval
    self.logger = logger
  }

  /// Runs until graceful shutdown. What cannot be read is left as it was.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      var known: Set<Series> = []
      while !Task.isCancelled {
        do {
          try await self.show(&known)
        } catch {
          self.logger.debug("The queues cannot be looked at", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  private struct Series: Hashable {
    let metric: String
    let labels: [String]
  }

  /// - Parameter known: every series that was ever shown: one whose jobs are gone is zero, not forgotten.
  private func show(_ known: inout Set<Series>) async throws {
    var values: [Series: Double] = [:]
    func set(_ metric: String, _ labels: [(String, String)], _ value: Double) {
      values[Series(metric: metric, labels: labels.flatMap { [$0.0, $0.1] })] = value
    }
    let hand = try? await WorkInHand(in: redis)
    for queue in try await jobs.queues() {
      let labels = [("class", queue.jobClass.rawValue), ("kind", queue.kind.rawValue)]
      for (state, count) in [
        ("queued", queue.counts.queued), ("scheduled", queue.counts.scheduled), ("retrying", queue.counts.retrying),
        ("dead", queue.counts.dead),
      ] { set("onefold_jobs", labels + [("state", state)], Double(count)) }
      set("onefold_jobs_oldest_due_timestamp_seconds", labels, queue.oldestDueAt?.timeIntervalSince1970 ?? 0)
      if let hand { set("onefold_jobs_in_flight", labels, Double(hand.count(queue.jobClass, queue.kind))) }
    }
    // Tenants would be a series each.
    for control in try await jobs.controls() where control.scope != .tenant {
      set(
        "onefold_jobs_paused", [("scope", control.scope.rawValue), ("value", control.value)], control.isPaused ? 1 : 0)
    }
    for series in known where values[series] == nil { values[series] = 0 }
    known.formUnion(values.keys)
    for (series, value) in values {
      let names = stride(from: 0, to: series.labels.count, by: 2)
      let labels = names.map { (series.labels[$0], series.labels[$0 + 1]) }
      Gauge(label: series.metric, dimensions: labels).record(value)
    }
  }
}
