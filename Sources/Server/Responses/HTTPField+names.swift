// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

extension HTTPField.Name {
  /// The position of the last event that a write appended.
  static let onefoldPosition = named("Onefold-Position")
  /// A client's name for uploads that it sends together.
  static let onefoldBatch = named("Onefold-Batch")
  static let traceparent = named("traceparent")
  static let requestID = named("X-Request-Id")
  static let contentDigest = named("Content-Digest")
  static let reprDigest = named("Repr-Digest")
  static let idempotencyKey = named("Idempotency-Key")
  static let referrerPolicy = named("Referrer-Policy")
  static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
  static let crossOriginResourcePolicy = named("Cross-Origin-Resource-Policy")
  static let forwardedFor = named("X-Forwarded-For")

  private static func named(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not the name of a header field") }
    return name
  }
}
