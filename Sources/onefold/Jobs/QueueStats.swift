// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Jobs
import Projections

/// All queues as one moment shows them.
struct QueueStats: Encodable {
  struct Queue: Encodable {
    let `class`: String
    let kind: String
    let counts: [String: Int64]
    /// Nil while Redis does not answer.
    let inFlight: Int?
    /// Seconds that the oldest has waited.
    let oldestSeconds: Int?
    /// Attempts that ended in the last five minutes.
    let lastFiveMinutes: [String: Int64]
  }

  struct Control: Encodable {
    let scope: String
    let value: String
    let paused: Bool
    let reason: String?
    let concurrency: Int?
    let ratePerSecond: Int?
    let weight: Int?
    let since: String
  }

  let queues: [Queue]
  let controls: [Control]

  init(_ connections: Connections) async throws {
    let views = JobViews(pool: connections.pool)
    let hand = try? await WorkInHand(in: connections.redis)
    let now = Date()
    queues = try await views.queues().map { queue in
      Queue(
        class: queue.jobClass.rawValue, kind: queue.kind.rawValue, counts: queue.counts.byState,
        inFlight: hand?.count(queue.jobClass, queue.kind),
        oldestSeconds: queue.oldestDueAt.map { max(0, Int(now.timeIntervalSince($0))) },
        lastFiveMinutes: ["succeeded": queue.succeeded, "failed": queue.failed, "dead": queue.dead])
    }
    controls = try await views.controls().map { control in
      Control(
        scope: control.scope.rawValue, value: control.value, paused: control.isPaused, reason: control.reason,
        concurrency: control.concurrency, ratePerSecond: control.ratePerSecond, weight: control.weight,
        since: control.changedAt.rfc3339)
    }
  }

  var text: String {
    guard !queues.isEmpty else { return "There were no jobs yet." }
    var table = Table(
      "CLASS", "KIND", "QUEUED", "SCHEDULED", "RETRYING", "RUNNING", "DEAD", "DONE", "OLDEST", "ENDED/MIN", "FAILED/MIN"
    )
    for queue in queues {
      func count(_ state: String) -> String { Format.count(Int(queue.counts[state] ?? 0)) }
      func rate(_ outcomes: String...) -> String {
        let ended = outcomes.reduce(0) { $0 + (queue.lastFiveMinutes[$1] ?? 0) }
        return String(format: "%.1f", Double(ended) / Double(JobViews.paceMinutes))
      }
      table.rows.append([
        queue.class, queue.kind, count("queued"), count("scheduled"), count("retrying"),
        queue.inFlight.map { Format.count($0) } ?? "?", count("dead"), count("succeeded"),
        queue.oldestSeconds.map { Format.duration(Double($0)) } ?? "", rate("succeeded", "dead"), rate("failed"),
      ])
    }
    return ([table.text] + controls.map(Self.line)).joined(separator: "\n")
  }

  private static func line(_ control: Control) -> String {
    var parts: [String] = []
    if control.paused { parts.append("PAUSED" + (control.reason.map { " (\($0))" } ?? "")) }
    if let concurrency = control.concurrency { parts.append("at most \(concurrency) at a time") }
    if let rate = control.ratePerSecond { parts.append("at most \(rate) a second") }
    if let weight = control.weight { parts.append("weight \(weight)") }
    return "\(control.scope) \(control.value): \(parts.joined(separator: ", ")), since \(control.since)"
  }
}

extension JobCounts {
  var byState: [String: Int64] {
    [
      "queued": queued, "scheduled": scheduled, "retrying": retrying, "succeeded": succeeded, "dead": dead,
      "cancelled": cancelled, "discarded": discarded,
    ]
  }
}
