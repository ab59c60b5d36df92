// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
public import ServiceLifecycle
public import Telemetry

/// `/metrics`, `/healthz` and `/readyz` for roles that serve nothing else.
public struct OperationsServer: Service {
  private let application: Application<RouterResponder<ServerContext>>

  public init(host: String, port: Int, readiness: Readiness, metrics: PrometheusRegistry, logger: Logger) {
    let router = RouterStack.router(requestLogLevel: .debug, behindTLS: false) { routes in
      OperationsController(readiness: readiness, metrics: metrics).addRoutes(to: routes)
    }
    application = Application(
      router: router,
      server: HTTPServerBuilder { responder in
        ServerChannel(
          responder: responder, limits: .init(), admitsWebSocket: { _ in false }, serveWebSocket: { _, _, _ in })
      },
      configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil), logger: logger)
  }

  /// Serves until graceful shutdown.
  ///
  /// - Throws: when the address cannot be bound.
  public func run() async throws { try await application.run() }
}
