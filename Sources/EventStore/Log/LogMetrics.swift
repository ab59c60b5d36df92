// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Metrics

/// What the log and its relay tell about themselves; see docs/operations.md.
enum LogMetrics {
  private static let headPosition = Gauge(label: "onefold_log_head_position")
  private static let relayPosition = Gauge(label: "onefold_relay_position")
  private static let batchSize = Recorder(label: "onefold_log_append_batch_size")
  private static let duration = Timer(
    label: "onefold_log_append_duration_seconds", preferredDisplayUnit: .seconds)

  static func head(_ position: Position) { headPosition.record(position.rawValue) }

  static func relay(_ position: Position) { relayPosition.record(position.rawValue) }

  static func appended(_ count: Int, in time: Duration) {
    batchSize.record(count)
    duration.record(duration: time)
  }
}
