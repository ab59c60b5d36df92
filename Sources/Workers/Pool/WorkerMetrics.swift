// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Domain
import Foundation
import Metrics

/// What workers count. The names are explained in the catalogue of metrics.
enum WorkerMetrics {
  static let filesProcessed = Counter(label: "files_processed_total")
  static let duplicatesFound = Counter(label: "duplicates_found_total")
  static let unreadable = Counter(label: "onefold_worker_unreadable_contents_total")
  static let duration = Timer(label: "deduplication_duration_seconds")
  static let active = Meter(label: "active_deduplication_jobs")
  static let rescued = Counter(label: "onefold_worker_rescued_jobs_total")
  static let started = Counter(label: "onefold_worker_started_jobs_total")
  static let stale = Counter(label: "onefold_worker_stale_results_total")

  enum Outcome: String, CaseIterable { case succeeded, retried, postponed, dead, skipped, handedBack }

  private static let outcomes = Dictionary(
    uniqueKeysWithValues: Outcome.allCases.map {
      ($0, Counter(label: "onefold_worker_jobs_total", dimensions: [("outcome", $0.rawValue)]))
    })

  static func count(_ outcome: Outcome, _ jobs: Int = 1) { outcomes[outcome]?.increment(by: jobs) }

  private static let waits = Dictionary(
    uniqueKeysWithValues: JobClass.allCases.map {
      ($0, Timer(label: "onefold_worker_wait_seconds", dimensions: [("class", $0.rawValue)]))
    })

  /// Jobs that are handed to their handler now.
  static func begin(_ jobs: [OpenJob], now: Date = Date()) {
    started.increment(by: jobs.count)
    for job in jobs { waits[job.entry.jobClass]?.recordSeconds(max(0, now.timeIntervalSince(job.since))) }
  }

  /// Shows every counter from the start, at zero: a rate needs two values, and the first increment would be lost.
  static func begin() {
    for counter in [filesProcessed, duplicatesFound, unreadable, rescued, started, stale] { counter.increment(by: 0) }
    active.increment(by: 0)
  }

  static func lengths(_ lengths: [String: Int]) {
    for (name, length) in lengths {
      Gauge(label: "onefold_worker_queue_length", dimensions: [("queue", name)]).record(length)
    }
  }
}
