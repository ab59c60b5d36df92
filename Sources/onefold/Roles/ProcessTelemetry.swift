// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Foundation
import Logging
import Metrics
import ServiceLifecycle
import Telemetry

/// What a process that stays tells about itself: log lines, metrics for `/metrics`, and all that again, with spans, to a collector where
/// the variables of OpenTelemetry name one.
struct ProcessTelemetry: Sendable {
  let logger: Logger
  let metrics: PrometheusRegistry
  private let export: TelemetryExport?

  /// What sends it. First among the services, so that it stops last.
  var services: [any Service] { export.map { [$0] } ?? [] }

  /// Once, before anything logs or counts.
  ///
  /// - Parameter role: the subcommand, which names the process at the collector.
  static func start(_ settings: Settings, role: String) throws -> ProcessTelemetry {
    let metrics = PrometheusRegistry()
    MetricsSystem.bootstrap(metrics)
    Gauge(label: "onefold_build_info", dimensions: [("role", role), ("version", Onefold.version)]).record(1)
    let configuration: OTLPConfiguration?
    do {
      configuration = try OTLPConfiguration(
        environment: ProcessInfo.processInfo.environment, role: role, version: Onefold.version)
    } catch let error as OTLPConfiguration.Invalid {
      throw CommandError(error.description)
    }
    let export = configuration.map { TelemetryExport($0, registry: metrics) }
    return ProcessTelemetry(logger: settings.startLogging(export: export), metrics: metrics, export: export)
  }
}
