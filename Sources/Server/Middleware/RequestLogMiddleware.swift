// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging

/// One line for each request: method, path, status and time.
///
/// Neither query, headers nor bodies are logged: they hold names of users' files, tokens and passwords.
struct RequestLogMiddleware: RouterMiddleware {
  /// The level of lines about requests that went well; failures of the server are always at `error`.
  let level: Logger.Level
  private let clock = ContinuousClock()

  init(level: Logger.Level) { self.level = level }

  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    let start = clock.now
    let response = try await next(request, context)
    let failed = response.status.code >= 500 && response.status.code != 507
    context.logger.log(
      level: failed ? .error : isProbe(request) ? .trace : level, "request",
      metadata: [
        "method": .string(request.method.rawValue),
        "path": .string(String(request.uri.path.prefix(200))),
        "status": .stringConvertible(response.status.code),
        "duration_ms": .stringConvertible((clock.now - start).milliseconds),
      ])
    return response
  }

  /// Asked for every few seconds by machines; of no interest while they go well.
  private func isProbe(_ request: Request) -> Bool {
    ["/healthz", "/readyz", "/metrics"].contains(request.uri.path)
  }
}

extension Duration {
  /// With three digits after the point.
  fileprivate var milliseconds: Double {
    Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000) / 1000
  }
}
