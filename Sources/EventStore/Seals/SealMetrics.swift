// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Metrics

/// What the sealer tells about itself; see docs/operations.md.
enum SealMetrics {
  private static let position = Gauge(label: "onefold_seal_position")
  private static let unsealed = Gauge(label: "onefold_seal_unsealed_events")
  private static let age = Gauge(label: "onefold_seal_unsealed_seconds")
  private static let copied = Gauge(label: "onefold_seal_copy_position")
  private static let failures = Counter(label: "onefold_seal_failures_total")

  static func waiting(_ count: Int64, oldest seconds: Double?) {
    unsealed.record(count)
    age.record(seconds ?? 0)
  }

  static func sealed(_ last: Position) { position.record(last.rawValue) }

  static func copied(_ last: Position) { copied.record(last.rawValue) }

  static func failed() { failures.increment() }
}
