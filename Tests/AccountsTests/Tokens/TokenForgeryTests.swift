// SPDX-License-Identifier: Apache-2.0

import Accounts
import Crypto
import Domain
import Foundation
import JWTKit
import Testing

/// Tokens that we did not make, or that someone changed (RFC 8725). Each is tried with the claims of an admin.
struct TokenForgeryTests {
  private let clock = TestClock()

  private func genuine() async throws -> (tokens: Tokens, parts: [String], header: [String: String]) {
    let tokens = try await TokensTests.tokens(clock: clock)
    let parts = try await TokensTests.issue(tokens).split(separator: ".").map(String.init)
    let header = try JSONDecoder().decode([String: String].self, from: try #require(Data(base64URL: parts[0])))
    return (tokens, parts, header)
  }

  private func sign(_ header: String, _ payload: String, secret: [UInt8] = TokensTests.secret) -> String {
    let input = Data(header.utf8).base64URL + "." + Data(payload.utf8).base64URL
    let code = HMAC<SHA256>.authenticationCode(for: Data(input.utf8), using: SymmetricKey(data: secret))
    return input + "." + Data(code).base64URL
  }

  private func claims(_ changes: [String: String?] = [:]) -> String {
    let time = Int(clock.now.timeIntervalSince1970)
    var members = [
      "iss": #""onefold""#, "aud": #""onefold-api""#, "sub": "\"\(TokensTests.account)\"", "role": #""admin""#,
      "sid": "\"\(TokensTests.session)\"", "jti": "\"\(UUID.v7())\"", "iat": "\(time)", "nbf": "\(time)",
      "exp": "\(time + 600)",
    ]
    for (name, value) in changes { members[name] = value }
    return "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
  }

  /// The forger's tools work: with the right header and secret, the result is accepted. Otherwise the refusals below prove nothing.
  @Test func whatIsRightInEveryPartIsAccepted() async throws {
    let (tokens, _, header) = try await genuine()
    let token = sign(#"{"alg":"HS256","kid":"\#(header["kid"] ?? "")","typ":"at+jwt"}"#, claims())
    #expect(try await tokens.verify(token).role == .admin)
  }

  @Test func headersOtherThanOursAreRefused() async throws {
    let (tokens, _, genuine) = try await genuine()
    let kid = genuine["kid"] ?? ""
    let headers = [
      "", "{}", "[]", "null", "\"HS256\"", #"{"alg":"HS256"}"#, #"{"alg":"HS256","typ":"at+jwt"}"#,
      #"{"alg":"none","kid":"\#(kid)","typ":"at+jwt"}"#, #"{"alg":"None","kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"alg":"","kid":"\#(kid)","typ":"at+jwt"}"#, #"{"alg":null,"kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"alg":"hs256","kid":"\#(kid)","typ":"at+jwt"}"#, #"{"alg":"HS384","kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"alg":"HS512","kid":"\#(kid)","typ":"at+jwt"}"#, #"{"alg":"RS256","kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"alg":"ES256","kid":"\#(kid)","typ":"at+jwt"}"#, #"{"alg":"PS256","kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"JWT"}"#, #"{"alg":"HS256","kid":"\#(kid)","typ":"AT+JWT"}"#,
      #"{"alg":"HS256","kid":"\#(kid)"}"#, #"{"alg":"HS256","kid":"","typ":"at+jwt"}"#,
      #"{"alg":"HS256","kid":"other","typ":"at+jwt"}"#, #"{"alg":"HS256","kid":"../../dev/null","typ":"at+jwt"}"#,
      #"{"alg":"HS256","kid":"' OR 1=1 --","typ":"at+jwt"}"#, #"{"alg":"HS256","kid":7,"typ":"at+jwt"}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","crit":["exp"]}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","b64":false}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","jku":"https://evil.example/keys"}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","x5u":"https://evil.example/cert"}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","jwk":{"kty":"oct","k":"AAAA"}}"#,
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","cty":"JWT"}"#,
      // Numbers that overflow an Int, and deep nesting: a parser must not fall over them either.
      #"{"alg":"HS256","kid":"\#(kid)","typ":"at+jwt","n":1e300}"#, #"{"alg":1e300,"kid":"\#(kid)","typ":"at+jwt"}"#,
      #"{"a":"# + String(repeating: "[", count: 200) + String(repeating: "]", count: 200) + "}",
    ]
    for header in headers {
      await #expect(throws: TokenError.invalid, "\(header)") { try await tokens.verify(sign(header, claims())) }
    }
  }

  @Test func aTokenWithoutASignatureIsRefused() async throws {
    let (tokens, parts, header) = try await genuine()
    let none = Data(#"{"alg":"none","kid":"\#(header["kid"] ?? "")","typ":"at+jwt"}"#.utf8).base64URL
    for token in [
      "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", "\(none).\(parts[1]).", "\(none).\(parts[1])",
      "\(none).\(parts[1]).\(parts[2])", "..", "", ".", "....", parts.joined(separator: ".") + ".",
      "." + parts.joined(separator: "."),
    ] {
      await #expect(throws: TokenError.invalid, "\(token)") { try await tokens.verify(token) }
    }
  }

  @Test func anotherSecretIsRefusedUnderOurKeyId() async throws {
    let (tokens, _, header) = try await genuine()
    let ours = #"{"alg":"HS256","kid":"\#(header["kid"] ?? "")","typ":"at+jwt"}"#
    for secret in [[], [0], TokensTests.nextSecret, Array("secret".utf8), Array((header["kid"] ?? "").utf8)] {
      await #expect(throws: TokenError.invalid) { try await tokens.verify(sign(ours, claims(), secret: secret)) }
    }
  }

  /// The classic confusion: a token signed with a public key pair, whose header or key the verifier might trust.
  @Test func asymmetricSignaturesAreRefused() async throws {
    let (tokens, _, header) = try await genuine()
    let forger = JWTKeyCollection()
    await forger.add(ecdsa: ES256PrivateKey(), kid: JWKIdentifier(string: header["kid"] ?? ""))
    await forger.add(eddsa: try EdDSA.PrivateKey(curve: .ed25519), kid: "ed")
    struct Payload: JWTPayload {
      var sub = TokensTests.account
      func verify(using algorithm: some JWTAlgorithm) {}
    }
    let kid = header["kid"] ?? ""
    for token in [
      try await forger.sign(Payload(), kid: JWKIdentifier(string: kid), header: ["typ": "at+jwt"]),
      try await forger.sign(Payload(), kid: "ed", header: ["typ": "at+jwt"]),
      try await forger.sign(Payload(), kid: JWKIdentifier(string: kid), header: ["typ": "at+jwt", "alg": "HS256"]),
    ] {
      await #expect(throws: TokenError.invalid) { try await tokens.verify(token) }
    }
  }

  @Test func anyChangedCharacterIsNoticed() async throws {
    let (tokens, parts, _) = try await genuine()
    let token = Array(parts.joined(separator: ".").utf8)
    var accepted = 0
    for index in token.indices {
      for replacement in [UInt8(ascii: "A"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "="), token[index] ^ 1]
      {
        guard replacement != token[index] else { continue }
        var changed = token
        changed[index] = replacement
        if (try? await tokens.verify(String(decoding: changed, as: UTF8.self))) != nil { accepted += 1 }
      }
    }
    #expect(accepted == 0)
  }

  @Test func paddingWhiteSpaceAndOtherAlphabetsAreRefused() async throws {
    let (tokens, parts, _) = try await genuine()
    let token = parts.joined(separator: ".")
    for changed in [
      token + "=", token + " ", " " + token, token + "\n", token + "\0", token.replacing("-", with: "+") + "+",
      parts[0] + "==." + parts[1] + "." + parts[2], token + "é", token.uppercased(),
    ] {
      await #expect(throws: TokenError.invalid, "\(changed)") { try await tokens.verify(changed) }
    }
  }

  @Test func hugeTokensAreRefusedWithoutALook() async throws {
    let (tokens, parts, _) = try await genuine()
    for count in [1025, 1 << 20, 1 << 26] {
      let huge = parts[0] + "." + String(repeating: "A", count: count) + "." + parts[2]
      let start = ContinuousClock.now
      await #expect(throws: TokenError.invalid) { try await tokens.verify(huge) }
      #expect(.now - start < .seconds(1))
    }
  }

  @Test func wellSignedClaimsMustStillBeOurs() async throws {
    let (tokens, _, header) = try await genuine()
    let ours = #"{"alg":"HS256","kid":"\#(header["kid"] ?? "")","typ":"at+jwt"}"#
    let time = Int(clock.now.timeIntervalSince1970)
    let changes: [[String: String?]] = [
      ["iss": nil], ["iss": #""other""#], ["iss": #"["onefold"]"#], ["aud": nil], ["aud": #""other""#],
      ["aud": #"["onefold-api","other"]"#], ["sub": nil], ["sub": #""1""#], ["sub": "1"], ["role": nil],
      ["role": #""root""#], ["role": #""ADMIN""#], ["sid": nil], ["jti": nil], ["iat": nil], ["exp": nil],
      ["exp": "null"], ["exp": "\"\(time + 600)\""], ["exp": "1e300"], ["nbf": nil], ["nbf": "\(time + 1)"],
      ["iat": "\(time + 1)"], ["nbf": "1e30"],
    ]
    for change in changes {
      await #expect(throws: TokenError.invalid, "\(change)") { try await tokens.verify(sign(ours, claims(change))) }
    }
    for past in ["\(time)", "\(time - 1)", "0", "-1"] {
      await #expect(throws: TokenError.expired) { try await tokens.verify(sign(ours, claims(["exp": past]))) }
    }
  }
}

extension Data {
  var base64URL: String {
    base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  init?(base64URL text: String) {
    let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
    self.init(base64Encoded: base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4))
  }
}
