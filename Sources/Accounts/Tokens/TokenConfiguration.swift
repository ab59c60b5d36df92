// SPDX-License-Identifier: Apache-2.0

/// How access tokens are signed and whom they are for.
///
/// To rotate the secret, make the current one the previous one and set a new one; a token lifetime later the previous one can go.
public struct TokenConfiguration: Sendable {
  public static let minimumSecretBytes = 32

  /// Random bytes; whoever knows them can sign in as anyone.
  public var secret: [UInt8]
  /// Still accepted, no longer used to sign.
  public var previousSecret: [UInt8]?
  public var issuer: String
  public var audience: String
  /// Also the longest time that a token outlives the sign-out of its session.
  public var lifetime: Duration

  public init(
    secret: [UInt8], previousSecret: [UInt8]? = nil, issuer: String = "onefold", audience: String = "onefold-api",
    lifetime: Duration = .seconds(600)
  ) {
    self.secret = secret
    self.previousSecret = previousSecret
    self.issuer = issuer
    self.audience = audience
    self.lifetime = lifetime
  }
}
