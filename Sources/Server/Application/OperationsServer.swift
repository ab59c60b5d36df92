// SPDX-License-Identifier: Apache-2.0

import Hummingbird
public import Logging
public import ServiceLifecycle
public import Telemetry

/// `/metrics`, `/healthz` and `/readyz` for roles that serve nothing else.
public struct OperationsServer: Service {
  private let service: HTTPService

  /// - Parameter onRunning: called with the port once connections are taken.
  public init(
    host: String, port: Int, readiness: Readiness, metrics: PrometheusRegistry,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }, logger: Logger
  ) {
    let router = RouterStack.router(requestLogLevel: .debug, behindTLS: false) { routes in
      OperationsController(readiness: readiness, metrics: metrics).addRoutes(to: routes)
    }
    service = HTTPService(router, at: .init(host: host, port: port), onRunning: onRunning, logger: logger)
  }

  /// Serves until graceful shutdown.
  ///
  /// - Throws: when the address cannot be bound.
  public func run() async throws { try await service.run() }
}
