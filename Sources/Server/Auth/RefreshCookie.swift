// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird

/// The cookie that keeps a browser's refresh token out of reach of its scripts and of other sites.
struct RefreshCookie: Sendable {
  static let name = "onefold_refresh"

  /// Whether the cookie may travel through TLS only.
  let isSecure: Bool

  func set(_ token: String, lifetime: Duration) -> HTTPFields {
    header(token, maxAge: Int(lifetime.components.seconds))
  }

  func clear() -> HTTPFields { header("", maxAge: 0) }

  static func read(_ request: Request) -> String? {
    let pairs = request.headers[values: .cookie].flatMap { $0.split(separator: ";") }
    for pair in pairs {
      let pair = pair.drop { $0 == " " }
      guard pair.hasPrefix("\(name)=") else { continue }
      let value = pair.dropFirst(name.count + 1)
      return value.isEmpty ? nil : String(value)
    }
    return nil
  }

  private func header(_ value: String, maxAge: Int) -> HTTPFields {
    var parts = [
      "\(Self.name)=\(value)", "Max-Age=\(maxAge)", "Path=/api/v1/auth", "HttpOnly", "SameSite=Strict",
    ]
    if isSecure { parts.append("Secure") }
    return [.setCookie: parts.joined(separator: "; ")]
  }
}
