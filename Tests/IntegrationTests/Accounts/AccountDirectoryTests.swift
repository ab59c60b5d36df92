// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Postgres
import Testing

struct AccountDirectoryTests {
  @Test func registrationIsACredentialAndAnEventOfOneTransaction() async throws {
    try await AccountsFixture.with(quota: 77) { fixture in
      let (account, position) = try await fixture.directory.register(
        email: "  Ada@Example.org ", password: AccountsFixture.password)
      #expect(account.email == "Ada@Example.org" && account.role == .user && account.quotaBytes == 77)
      let events = try await fixture.events()
      #expect(events.map(\.position) == [position])
      #expect(
        try events[0].decode(AccountRegistered.self)
          == AccountRegistered(accountId: account.id, email: "Ada@Example.org", role: .user, quotaBytes: 77))
      #expect(events[0].owner == account.id && events[0].actor == account.id)
    }
  }

  @Test func anAddressIsTakenHoweverItIsCapitalised() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register("ada@example.org")
      await #expect(throws: AccountError.emailTaken) { try await fixture.register("ADA@example.ORG") }
      #expect(try await fixture.events().count == 1, "no event without a credential")
    }
  }

  @Test func ofTwentyRegistrationsOfOneAddressAtATimeOneSucceeds() async throws {
    try await AccountsFixture.with { fixture in
      let made = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<20 { group.addTask { (try? await fixture.register()) != nil } }
        return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
      }
      #expect(made == 1)
      let events = try await fixture.events()
      #expect(events.count == 1)
    }
  }

  @Test(arguments: [
    "", "@", "a@", "@b", "ab", "a@b@c", "a b@c.d", "a@b c", "a\n@b.c", "a\0@b.c", "a@.b", "a@b.",
    String(repeating: "a", count: 65) + "@b.c", "a@" + String(repeating: "b", count: 260),
  ])
  func whatIsNoAddressIsRefused(email: String) async throws {
    try await AccountsFixture.with { fixture in
      await #expect {
        try await fixture.register(email)
      } throws: { error in
        if case .invalidEmail = error as? AccountError { true } else { false }
      }
      let events = try await fixture.events()
      #expect(events.isEmpty)
    }
  }

  @Test func anUnfitPasswordMakesNoAccount() async throws {
    try await AccountsFixture.with { fixture in
      await #expect(throws: PasswordError.tooCommon) {
        try await fixture.directory.register(email: "a@b.c", password: "password123")
      }
      let events = try await fixture.events()
      #expect(events.isEmpty)
    }
  }

  @Test func neitherTheLogNorTheTablesHoldASecret() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      let signedIn = try await fixture.signIn()
      let payloads = try await fixture.events().map { String(decoding: $0.payload, as: UTF8.self) }.joined()
      let hash: String = try await #require(
        fixture.pool.query("SELECT password_hash FROM account.credential").first
      ).decode(0)
      #expect(hash.hasPrefix("$2b$"))
      #expect(!payloads.contains(hash) && !payloads.contains(AccountsFixture.password))
      let rows = try await fixture.pool.query("SELECT token_hash::text FROM account.refresh_token")
      #expect(try rows.allSatisfy { try !$0.decode(0, as: String.self).contains(signedIn.refreshToken) })
    }
  }

  @Test func theFirstAdministratorIsMadeOnce() async throws {
    try await AccountsFixture.with { fixture in
      let first = try await fixture.directory.ensureAdmin(email: "root@example.org", password: AccountsFixture.password)
      let again = try await fixture.directory.ensureAdmin(email: "b@example.org", password: AccountsFixture.password)
      #expect(first && !again)
      #expect(try await fixture.signIn("root@example.org").role == .admin)
    }
  }

  @Test func aDisabledAccountIsOutAtOnceAndForGood() async throws {
    try await AccountsFixture.with { fixture in
      let account = try await fixture.register()
      let before = try await fixture.signIn()
      let position = try await fixture.directory.disable(account.id, reason: "left")
      #expect(try await fixture.events().last?.position == position)
      await #expect(throws: AccountError.invalidRefreshToken) {
        try await fixture.sessions.refresh(before.refreshToken)
      }
      await #expect(throws: AccountError.disabled) { try await fixture.signIn() }
      await #expect(throws: AccountError.wrongCredentials) {
        try await fixture.sessions.signIn(email: "ada@example.org", password: "not the password")
      }
    }
  }

  @Test func accountsThatAreUnknownCannotBeChanged() async throws {
    try await AccountsFixture.with { fixture in
      let stranger = UUID.v7()
      await #expect(throws: AccountError.unknownAccount) { try await fixture.directory.setQuota(1, of: stranger) }
      await #expect(throws: AccountError.unknownAccount) { try await fixture.directory.disable(stranger, reason: "") }
      let events = try await fixture.events()
      #expect(events.isEmpty)
    }
  }

  @Test func theApplicationCannotDeleteCredentials() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.register()
      await #expect { try await fixture.pool.execute("DELETE FROM account.credential") } throws: { error in
        (error as? PostgresError)?.sqlState == "42501"
      }
    }
  }
}
