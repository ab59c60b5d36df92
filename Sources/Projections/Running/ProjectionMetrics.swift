// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Metrics

/// What is measured of one projection. The names are explained in the catalogue of metrics.
struct ProjectionMetrics: Sendable {
  private let position: Gauge
  private let lagEvents: Gauge
  private let lagSeconds: Gauge
  private let stopped: Gauge
  private let parked: Gauge

  init(_ projection: String) {
    let labels = [("projection", projection)]
    position = Gauge(label: "onefold_projection_position", dimensions: labels)
    lagEvents = Gauge(label: "onefold_projection_lag_events", dimensions: labels)
    lagSeconds = Gauge(label: "onefold_projection_lag_seconds", dimensions: labels)
    stopped = Gauge(label: "onefold_projection_stopped", dimensions: labels)
    parked = Gauge(label: "onefold_projection_parked_events", dimensions: labels)
  }

  /// - Parameter time: of the newest event that is folded. Those that are not are younger, so the lag is never shown too small.
  func moved(to checkpoint: Position, head: Position, at time: Date) {
    let lag = max(0, head.rawValue - checkpoint.rawValue)
    position.record(checkpoint.rawValue)
    lagEvents.record(lag)
    lagSeconds.record(lag == 0 ? 0 : max(0, -time.timeIntervalSinceNow))
  }

  func isStopped(_ value: Bool) { stopped.record(value ? 1 : 0) }

  func parked(_ count: Int) { parked.record(count) }
}
