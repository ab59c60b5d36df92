// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import JWTKit

/// The claims of an access token as they are signed (RFC 9068, with the account's role). Times are whole seconds since 1970.
struct AccessPayload: JWTPayload {
  var iss: String
  var aud: String
  var sub: UUID
  var role: Role
  var sid: UUID
  var jti: UUID
  var iat: Int64
  var nbf: Int64
  var exp: Int64

  /// Nothing here: jwt-kit has checked the signature, and ``Tokens`` checks the claims against its own clock.
  func verify(using algorithm: some JWTAlgorithm) {}
}
