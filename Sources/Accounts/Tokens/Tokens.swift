// SPDX-License-Identifier: Apache-2.0

import Crypto
public import Domain
public import Foundation
import JWTKit

/// Issues and checks access tokens: short-lived JWTs, signed with HMAC-SHA-256.
///
/// Only what this code could have issued is accepted (RFC 8725): the header must be exactly the one we write, so that no token
/// chooses its own algorithm, key or type, before anything of it is used.
public struct Tokens: Sendable {
  /// Ours have some 450 bytes; what is longer is not looked at.
  static let maximumBytes = 1024

  private let configuration: TokenConfiguration
  private let keys: JWTKeyCollection
  private let keyId: String
  private let acceptedKeyIds: [String]
  private let now: @Sendable () -> Date

  /// - Throws: ``TokenError/secretTooShort(bytes:minimum:)``, ``TokenError/secretNotRotated``.
  public init(
    _ configuration: TokenConfiguration, now: @escaping @Sendable () -> Date = { Date() }
  ) async throws(TokenError) {
    let secrets = [configuration.secret] + (configuration.previousSecret.map { [$0] } ?? [])
    for secret in secrets where secret.count < TokenConfiguration.minimumSecretBytes {
      throw .secretTooShort(bytes: secret.count, minimum: TokenConfiguration.minimumSecretBytes)
    }
    guard configuration.secret != configuration.previousSecret else { throw .secretNotRotated }
    self.configuration = configuration
    self.now = now
    keys = JWTKeyCollection()
    acceptedKeyIds = secrets.map(Self.keyId)
    keyId = acceptedKeyIds[0]
    for (id, secret) in zip(acceptedKeyIds, secrets) {
      await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: JWKIdentifier(string: id))
    }
  }

  public var lifetime: Duration { configuration.lifetime }

  /// - Returns: The token, and what it says.
  public func issue(
    accountId: UUID, role: Role, sessionId: UUID
  ) async throws -> (token: String, claims: AccessClaims) {
    let issued = Int64(now().timeIntervalSince1970)
    let payload = AccessPayload(
      iss: configuration.issuer, aud: configuration.audience, sub: accountId, role: role, sid: sessionId, jti: .v7(),
      iat: issued, nbf: issued, exp: issued + configuration.lifetime.components.seconds)
    let token = try await keys.sign(payload, kid: JWKIdentifier(string: keyId), header: ["typ": .string(Self.type)])
    return (token, AccessClaims(payload))
  }

  /// - Throws: ``TokenError/expired`` for a token of ours that is past its time, ``TokenError/invalid`` for all else.
  public func verify(_ token: String) async throws(TokenError) -> AccessClaims {
    try checkForm(of: token)
    let payload: AccessPayload
    do {
      payload = try await keys.verify(token)
    } catch {
      throw .invalid
    }
    let time = Int64(now().timeIntervalSince1970)
    guard payload.iss == configuration.issuer, payload.aud == configuration.audience, payload.nbf <= time,
      payload.iat <= time
    else { throw .invalid }
    guard time < payload.exp else { throw .expired }
    return AccessClaims(payload)
  }

  /// Three parts of the base64url alphabet, and a header that says what ours say and nothing else.
  private func checkForm(of token: String) throws(TokenError) {
    guard token.utf8.count <= Self.maximumBytes else { throw .invalid }
    let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isBase64URL) }),
      let signature = Self.decode(parts[2]),
      // Unused bits in the last digit must be zero: one token has one spelling.
      Self.encode(signature) == String(parts[2]),
      let header = Self.decode(parts[0]),
      // Our own strict look at the header; jwt-kit's turns any number into an Int and traps on a large one.
      let fields = try? JSONDecoder().decode([String: String].self, from: header),
      let id = fields["kid"], acceptedKeyIds.contains(id),
      fields == ["alg": "HS256", "typ": Self.type, "kid": id]
    else { throw .invalid }
  }

  /// RFC 9068: keeps tokens of other kinds, should there ever be any, from passing as access tokens.
  private static let type = "at+jwt"

  /// Names a secret without telling it: two processes with the same secret agree on the name.
  private static func keyId(_ secret: [UInt8]) -> String {
    HMAC<SHA256>.authenticationCode(for: Data("onefold key id".utf8), using: SymmetricKey(data: secret))
      .prefix(6).map { String(format: "%02x", $0) }.joined()
  }

  private static func isBase64URL(_ digit: UInt8) -> Bool {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func decode(_ part: Substring.UTF8View) -> Data? {
    let base64 = String(Substring(part)).replacing("-", with: "+").replacing("_", with: "/")
    return Data(base64Encoded: base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4))
  }

  private static func encode(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }
}

extension AccessClaims {
  init(_ payload: AccessPayload) {
    self.init(
      accountId: payload.sub, role: payload.role, sessionId: payload.sid, tokenId: payload.jti,
      issuedAt: Date(timeIntervalSince1970: TimeInterval(payload.iat)),
      expiresAt: Date(timeIntervalSince1970: TimeInterval(payload.exp)))
  }
}
