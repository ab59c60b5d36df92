// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Logging
import Telemetry

extension Settings {
  /// Sends this process's log lines where the settings say. Once, before anything logs.
  func startLogging() -> Logger {
    let output: LogOutput =
      switch logFormat {
      case .auto: .automatic
      case .text: .terminal
      case .json: .json
      }
    output.bootstrap(level: logLevel)
    return Logger(label: "onefold")
  }

  /// Collects this process's metrics for `/metrics`. Once, before anything counts.
  static func startMetrics() -> PrometheusRegistry {
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    return registry
  }
}
