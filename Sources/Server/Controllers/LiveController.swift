// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOHTTP1

/// `/live` for requests that do not become a WebSocket; those that do are taken by ``ServerChannel`` before any router.
struct LiveController: Sendable {
  static let path = "/api/v1/live"

  /// Origins whose pages may open the WebSocket, besides the server's own.
  let allowedOrigins: Set<String>

  func addRoutes(to routes: some RouterMethods<ServerContext>) {
    routes.get("live") { request, _ -> Response in
      guard isAllowed(origin: request.headers[.origin], host: request.head.authority) else {
        throw Problem.forbidden("The page that asks comes from another origin.")
      }
      throw Problem.upgradeRequired
    }
  }

  /// Whether an opening handshake may become a WebSocket.
  func admits(_ head: HTTPRequestHead) -> Bool {
    let path = head.uri.prefix { $0 != "?" }
    guard path == Self.path, head.headers["origin"].count <= 1, head.headers["host"].count <= 1 else { return false }
    return isAllowed(origin: head.headers["origin"].first, host: head.headers["host"].first)
  }

  /// Browsers always send an origin, and pages cannot change it; other programs need none.
  private func isAllowed(origin: String?, host: String?) -> Bool {
    guard let origin = origin?.lowercased() else { return true }
    if allowedOrigins.contains(origin) { return true }
    guard let host = host?.lowercased() else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }
}
