// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// Headers that keep a browser from doing with our answers what they are not meant for. A handler may set a stricter one itself.
struct SecurityHeadersMiddleware: RouterMiddleware {
  /// Whether clients reach us through TLS; only then may a browser be told to insist on it.
  let behindTLS: Bool

  /// No inline script or style, nothing from elsewhere, and no frame around it. `'self'` covers the WebSocket of the same host.
  static let contentSecurityPolicy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "font-src 'self'",
    "connect-src 'self'", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
  ].joined(separator: "; ")

  func handle(
    _ request: Request, context: ServerContext, next: NextResponder
  ) async throws -> Response {
    var response = try await next(request, context)
    let policy = response.headers[.contentSecurityPolicy] ?? Self.contentSecurityPolicy
    response.headers[.contentSecurityPolicy] = policy
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.referrerPolicy] = "no-referrer"
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    response.headers[.crossOriginResourcePolicy] = "same-origin"
    if behindTLS { response.headers[.strictTransportSecurity] = "max-age=31536000" }
    return response
  }
}
