// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Hummingbird
import Logging

/// One line for each request: method, path, status and time.
///
/// Neither query, headers nor bodies are logged: they hold names of users' files, tokens and passwords. Of a path only what the route says
/// and identifiers are: whatever else a client puts there may be a name or an address.
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
    var logger = context.logger
    if let user = context.facts.user { logger[metadataKey: "userId"] = .string(user.text) }
    logger.log(
      level: failed ? .error : request.isProbe ? .trace : level, "request",
      metadata: [
        "method": .string(request.method.rawValue),
        "path": .string(Self.path(of: request, on: context.endpointPath)),
        "status": .stringConvertible(response.status.code),
        "duration_ms": .stringConvertible((clock.now - start).milliseconds),
      ])
    return response
  }

  static func path(of request: Request, on route: String?) -> String {
    guard let route else { return "-" }
    let parts = route.split(separator: "/")
    let given = request.uri.path.split(separator: "/")
    guard parts.count == given.count else { return route }
    return zip(parts, given).map { part, given in
      part.hasPrefix("{") && UUID(uuidString: String(given)) != nil ? "/\(given)" : "/\(part)"
    }.joined()
  }
}

extension Request {
  /// Asked for every few seconds by machines; of no interest while they go well.
  var isProbe: Bool { ["/healthz", "/readyz", "/metrics"].contains(uri.path) }
}

extension Duration {
  /// With three digits after the point.
  fileprivate var milliseconds: Double {
    Double(components.seconds) * 1000 + Double(components.attoseconds / 1_000_000_000_000) / 1000
  }
}
