// SPDX-License-Identifier: Apache-2.0

import Logging
import Server
import ServiceLifecycle
import Telemetry

/// One process that does one part of the work: its settings, its connections, its metrics.
struct Role: Sendable {
  let settings: Settings
  let telemetry: ProcessTelemetry
  let connections: Connections

  var logger: Logger { telemetry.logger }
  var metrics: PrometheusRegistry { telemetry.metrics }

  /// - Parameter name: the subcommand.
  init(_ name: String, _ settings: Settings) async throws {
    self.settings = settings.findingServices()
    try self.settings.requireKeySecret()
    telemetry = try ProcessTelemetry.start(self.settings, role: name)
    connections = try Connections(self.settings, logger: telemetry.logger)
  }

  /// Runs until asked to stop. `services` start last and stop first.
  func run(_ services: [any Service]) async throws {
    var all = telemetry.services + connections.services + services
    if let port = settings.metricsPort {
      all.append(
        OperationsServer(
          host: settings.host, port: port, readiness: try connections.readiness(settings), metrics: metrics,
          logger: logger))
    }
    try await RoleRunner.run(all, logger: logger)
  }
}
