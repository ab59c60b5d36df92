// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import Foundation
import Synchronization
import Testing

struct TokensTests {
  static let secret = [UInt8](repeating: 7, count: 32)
  static let nextSecret = [UInt8](repeating: 8, count: 32)
  static let account = UUID.v7(), session = UUID.v7()

  static func tokens(
    secret: [UInt8] = secret, previous: [UInt8]? = nil, issuer: String = "onefold", audience: String = "onefold-api",
    clock: TestClock = TestClock()
  ) async throws -> Tokens {
    try await Tokens(
      TokenConfiguration(secret: secret, previousSecret: previous, issuer: issuer, audience: audience),
      now: { clock.now })
  }

  static func issue(_ tokens: Tokens, role: Role = .user) async throws -> String {
    try await tokens.issue(accountId: account, role: role, sessionId: session).token
  }

  @Test(arguments: [Role.user, .admin])
  func anIssuedTokenSaysWhoAsks(role: Role) async throws {
    let clock = TestClock()
    let tokens = try await Self.tokens(clock: clock)
    let (token, issued) = try await tokens.issue(accountId: Self.account, role: role, sessionId: Self.session)
    let claims = try await tokens.verify(token)
    #expect(claims == issued)
    #expect(claims.accountId == Self.account && claims.role == role && claims.sessionId == Self.session)
    #expect(claims.expiresAt.timeIntervalSince(claims.issuedAt) == 600)
    #expect(token.utf8.count < 600)
  }

  @Test func aTokenEndsWithItsLastSecond() async throws {
    let clock = TestClock()
    let tokens = try await Self.tokens(clock: clock)
    let token = try await Self.issue(tokens)
    clock.advance(by: 599)
    _ = try await tokens.verify(token)
    clock.advance(by: 1)
    await #expect(throws: TokenError.expired) { try await tokens.verify(token) }
  }

  @Test func aTokenFromTheFutureIsNotAccepted() async throws {
    let clock = TestClock()
    let tokens = try await Self.tokens(clock: clock)
    let token = try await Self.issue(tokens)
    clock.advance(by: -1)
    await #expect(throws: TokenError.invalid) { try await tokens.verify(token) }
  }

  @Test func otherIssuersAndAudiencesAreRefused() async throws {
    let tokens = try await Self.tokens()
    for other in [try await Self.tokens(issuer: "other"), try await Self.tokens(audience: "other")] {
      let token = try await Self.issue(other)
      await #expect(throws: TokenError.invalid) { try await tokens.verify(token) }
    }
  }

  @Test func aRotatedSecretIsAcceptedWhileItIsThePreviousOne() async throws {
    let before = try await Self.tokens()
    let during = try await Self.tokens(secret: Self.nextSecret, previous: Self.secret)
    let after = try await Self.tokens(secret: Self.nextSecret)
    let old = try await Self.issue(before)
    let new = try await Self.issue(during)

    _ = try await during.verify(old)
    _ = try await during.verify(new)
    _ = try await after.verify(new)
    await #expect(throws: TokenError.invalid) { try await after.verify(old) }
    await #expect(throws: TokenError.invalid) { try await before.verify(new) }
  }

  @Test func weakSecretsAreRefused() async {
    for count in [0, 1, 31] {
      let short = [UInt8](repeating: 1, count: count)
      await #expect(throws: TokenError.secretTooShort(bytes: count, minimum: 32)) {
        try await Self.tokens(secret: short)
      }
      await #expect(throws: TokenError.secretTooShort(bytes: count, minimum: 32)) {
        try await Self.tokens(previous: short)
      }
    }
    await #expect(throws: TokenError.secretNotRotated) { try await Self.tokens(previous: Self.secret) }
  }
}

/// A clock that stands still until it is told otherwise.
final class TestClock: Sendable {
  private let time: Mutex<Date>

  init(_ start: Date = Date(timeIntervalSince1970: 1_732_273_200)) { time = Mutex(start) }

  var now: Date { time.withLock { $0 } }

  func advance(by seconds: TimeInterval) { time.withLock { $0 += seconds } }
}
