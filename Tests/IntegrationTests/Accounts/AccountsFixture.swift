// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Projections

/// Everything about accounts on a fresh database, with cheap password hashes.
struct AccountsFixture {
  static let password = "correct horse battery"

  let pool: PostgresPool
  let keys: PersonalKeys
  let log: PostgresEventLog
  let passwords: Passwords
  let tokens: Tokens
  let directory: AccountDirectory
  let sessions: Sessions

  static func with<Value>(
    quota: Int64 = 1 << 30, _ body: (AccountsFixture) async throws -> Value
  ) async throws -> Value {
    try await withPool { pool in
      let keys = try PersonalKeys.forTests(pool)
      let log = PostgresEventLog(
        pool: pool, redis: nil, protection: PersonalProtection(keys: keys), logger: Logger(label: "test"))
      let passwords = try Passwords(cost: .insecureForTests)
      let tokens = try await Tokens(TokenConfiguration(secret: (0..<32).map { $0 }))
      let fixture = AccountsFixture(
        pool: pool, keys: keys, log: log, passwords: passwords, tokens: tokens,
        directory: AccountDirectory(pool: pool, log: log, passwords: passwords, defaultQuotaBytes: quota),
        sessions: Sessions(pool: pool, log: log, passwords: passwords, tokens: tokens))
      let result: Result<Value, any Error>
      do { result = .success(try await body(fixture)) } catch { result = .failure(error) }
      try await passwords.shutDown()
      return try result.get()
    }
  }

  @discardableResult
  func register(_ email: String = "ada@example.org", role: Role = .user) async throws -> Account {
    try await directory.register(email: email, password: Self.password, role: role).account
  }

  func signIn(_ email: String = "ada@example.org") async throws -> SignedIn {
    try await sessions.signIn(email: email, password: Self.password)
  }

  /// A server's: each call another.
  func ledger() -> FileLedger { FileLedger(log: log, index: ProjectionFileIndex(pool: pool)) }

  /// Runs `body` while read models follow the log.
  func following<Value: Sendable>(
    _ projections: [any Projection] = ProjectionCatalog.all, _ body: () async throws -> Value
  ) async throws -> Value {
    try await running(
      projections.map { projection in
        let runner = ProjectionRunner(projection, pool: pool, log: log, logger: Logger(label: "test"))
        return { try await runner.run() }
      }, body)
  }

  func events() async throws -> [RecordedEvent] { try await log.read(after: .start, limit: 10_000) }

  /// Makes everything in the account's tables look as old as that much time later.
  func letPass(_ seconds: Int) async throws {
    let seconds = Double(seconds)
    _ = try await pool.execute("UPDATE account.refresh_token SET used_at = used_at - make_interval(secs => \(seconds))")
    _ = try await pool.execute(
      "UPDATE account.session SET expires_at = expires_at - make_interval(secs => \(seconds)), revoked_at = revoked_at - make_interval(secs => \(seconds))"
    )
  }
}
