// SPDX-License-Identifier: Apache-2.0

import Logging
import Telemetry

extension Settings {
  /// Sends this process's log lines where the settings say. Once, before anything logs.
  func startLogging(export: TelemetryExport? = nil) -> Logger {
    let output: LogOutput =
      switch logFormat {
      case .auto: .automatic
      case .text: .terminal
      case .json: .json
      }
    output.bootstrap(level: logLevel, export: export)
    return Logger(label: "onefold")
  }
}
