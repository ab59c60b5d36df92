// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Postgres
import Testing

struct SessionsTests {
  @Test func signingInGivesTokensThatSayWhoAsks() async throws {
    try await AccountsFixture.with { fixture in
      let account = try await fixture.register(role: .admin)
      let signedIn = try await fixture.sessions.signIn(email: "ADA@example.org", password: AccountsFixture.password)
      let claims = try await fixture.tokens.verify(signedIn.accessToken)
      #expect(claims.accountId == account.id && claims.role == .admin && claims.sessionId == signedIn.sessionId)
      #expect(signedIn.expiresIn == .seconds(600) && signedIn.refreshExpiresIn == .seconds(30 * 86_400))
      #expect(signedIn.refreshToken.utf8.count == 43, "256 bits")
    }
  }

  @Test func wrongPasswordAndUnknownAddressAreAnsweredAlike() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      for (email, password) in [
        ("ada@example.org", "wrong password"), ("eve@example.org", AccountsFixture.password), ("", ""),
        ("ada@example.org", ""), ("ada@example.org", String(repeating: "x", count: 5000)),
        ("ada@example.org", AccountsFixture.password + "\0"),
      ] {
        await #expect(throws: AccountError.wrongCredentials) {
          try await fixture.sessions.signIn(email: email, password: password)
        }
      }
    }
  }

  @Test func aHashOfAnotherCostIsMadeAnewAtTheNextSignIn() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let dearer = try Passwords(cost: BcryptCost(10))
      let sessions = Sessions(pool: fixture.pool, log: fixture.log, passwords: dearer, tokens: fixture.tokens)
      _ = try await sessions.signIn(email: "ada@example.org", password: AccountsFixture.password)
      let row = try await fixture.pool.query("SELECT password_hash FROM account.credential").first
      #expect(try row?.decode(0, as: String.self).hasPrefix("$2b$10$") == true)
      _ = try await sessions.signIn(email: "ada@example.org", password: AccountsFixture.password)
      try await dearer.shutDown()
    }
  }

  @Test func aRefreshTokenGivesItsSuccessorInTheSameSession() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      var current = try await fixture.signIn()
      let session = current.sessionId
      var seen: Set = [current.refreshToken]
      for _ in 0..<5 {
        current = try await fixture.sessions.refresh(current.refreshToken)
        #expect(current.sessionId == session)
        #expect(seen.insert(current.refreshToken).inserted)
      }
    }
  }

  @Test func aTokenThatComesAgainEndsTheSession() async throws {
    try await AccountsFixture.with { fixture in
      let account = try await fixture.register()
      let first = try await fixture.signIn()
      let second = try await fixture.sessions.refresh(first.refreshToken)
      try await fixture.letPass(11)
      await #expect(throws: AccountError.refreshTokenReused) { try await fixture.sessions.refresh(first.refreshToken) }
      await #expect(throws: AccountError.invalidRefreshToken) {
        try await fixture.sessions.refresh(second.refreshToken)
      }
      await #expect(throws: AccountError.invalidRefreshToken) { try await fixture.sessions.refresh(first.refreshToken) }
      let events = try await fixture.events().filter { $0.type == AccountSessionRevoked.eventType }
      #expect(
        try events.map { try $0.decode(AccountSessionRevoked.self) }
          == [.init(accountId: account.id, sessionId: first.sessionId, reason: .tokenReused)])
    }
  }

  @Test func otherSessionsOfTheAccountGoOn() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let stolen = try await fixture.signIn()
      let other = try await fixture.signIn()
      _ = try await fixture.sessions.refresh(stolen.refreshToken)
      try await fixture.letPass(11)
      await #expect(throws: AccountError.refreshTokenReused) { try await fixture.sessions.refresh(stolen.refreshToken) }
      _ = try await fixture.sessions.refresh(other.refreshToken)
    }
  }

  @Test func aClientThatLostTheAnswerMayAskAgainForAWhile() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let first = try await fixture.signIn()
      _ = try await fixture.sessions.refresh(first.refreshToken)
      try await fixture.letPass(8)
      let again = try await fixture.sessions.refresh(first.refreshToken)
      _ = try await fixture.sessions.refresh(again.refreshToken)
      try await fixture.letPass(3)
      await #expect(throws: AccountError.refreshTokenReused) { try await fixture.sessions.refresh(first.refreshToken) }
    }
  }

  /// A thief who is quick enough to repeat a token gets a successor too; but only one of the two successors lasts.
  @Test func aThiefWithinTheTimeOfGraceIsFoundOutAtTheNextRefresh() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let first = try await fixture.signIn()
      let clients = try await fixture.sessions.refresh(first.refreshToken)
      let thiefs = try await fixture.sessions.refresh(first.refreshToken)
      _ = try await fixture.sessions.refresh(clients.refreshToken)
      try await fixture.letPass(11)
      await #expect(throws: AccountError.refreshTokenReused) { try await fixture.sessions.refresh(thiefs.refreshToken) }
      await #expect(throws: AccountError.invalidRefreshToken) {
        try await fixture.sessions.refresh(clients.refreshToken)
      }
    }
  }

  @Test func ofManyWhoUseOneTokenAtATimeAllGetOneAndOneUseCounts() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let first = try await fixture.signIn()
      let successors = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<10 { group.addTask { try await fixture.sessions.refresh(first.refreshToken).refreshToken } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(successors.count == 10)
      let used = try await fixture.pool.query("SELECT count(*) FROM account.refresh_token WHERE used_at IS NOT NULL")
      #expect(try used.first?.decode(0, as: Int64.self) == 1)
    }
  }

  @Test func signingOutEndsTheSessionAndTellsTheLogOnce() async throws {
    try await AccountsFixture.with { fixture in
      let account = try await fixture.register()
      let signedIn = try await fixture.signIn()
      let position = try await fixture.sessions.signOut(signedIn.refreshToken)
      #expect(try await fixture.sessions.signOut(signedIn.refreshToken) == nil)
      await #expect(throws: AccountError.invalidRefreshToken) {
        try await fixture.sessions.refresh(signedIn.refreshToken)
      }
      let last = try await #require(fixture.events().last)
      #expect(last.position == position)
      #expect(
        try last.decode(AccountSessionRevoked.self)
          == .init(accountId: account.id, sessionId: signedIn.sessionId, reason: .signedOut))
    }
  }

  @Test func aSessionEndsAfterThirtyDays() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let signedIn = try await fixture.signIn()
      try await fixture.letPass(Sessions.lifetimeSeconds + 1)
      await #expect(throws: AccountError.invalidRefreshToken) {
        try await fixture.sessions.refresh(signedIn.refreshToken)
      }
    }
  }

  @Test func theSweepForgetsWhatHasEndedAndNothingElse() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let old = try await fixture.signIn()
      _ = try await fixture.sessions.signOut(old.refreshToken)
      #expect(
        try await Sessions.sweep(in: fixture.pool) == 0, "a repetition of an ended token is still recognised for a day")
      try await fixture.letPass(86_400 + 1)
      let current = try await fixture.signIn()
      #expect(try await Sessions.sweep(in: fixture.pool) == 1)
      _ = try await fixture.sessions.refresh(current.refreshToken)
    }
  }

  @Test(arguments: ["", "x", String(repeating: "A", count: 43), String(repeating: "A", count: 100_000), "a\0b", "🙂"])
  func whatIsNoTokenIsRefused(text: String) async throws {
    try await AccountsFixture.with { fixture in
      await #expect(throws: AccountError.invalidRefreshToken) { try await fixture.sessions.refresh(text) }
      let position = try await fixture.sessions.signOut(text)
      #expect(position == nil)
    }
  }
}
