// SPDX-License-Identifier: Apache-2.0

import EventStore
import Logging
import Postgres
import TestSupport
import Testing

/// No role can change the past: the application lacks the privilege, and the owner meets the trigger.
struct AppendOnlyTests {
  private static let changes: [Query] = [
    "UPDATE log.event SET type = 'test.forged' WHERE position = 1",
    "DELETE FROM log.event WHERE position = 1",
    "TRUNCATE log.event",
  ]

  @Test(arguments: 0..<3) func applicationIsRefused(change: Int) async throws {
    try await withLogOfOneEvent(role: "onefold_app") { connection in
      let refusal = await #expect(throws: PostgresError.self) { try await connection.execute(Self.changes[change]) }
      #expect(refusal?.sqlState == "42501", "insufficient_privilege")
    }
  }

  @Test(arguments: 0..<3) func ownerIsRefused(change: Int) async throws {
    try await withLogOfOneEvent(role: nil) { connection in
      let refusal = await #expect(throws: PostgresError.self) { try await connection.execute(Self.changes[change]) }
      #expect(refusal?.sqlState == "OF001")
      #expect(refusal?.message.contains("append-only") == true)
    }
  }

  @Test func applicationCannotChangeTheRulesEither() async throws {
    try await withLogOfOneEvent(role: "onefold_app") { connection in
      let changes: [Query] = [
        "ALTER TABLE log.event DISABLE TRIGGER ALL", "DROP TABLE log.event", "DELETE FROM log.head",
        "INSERT INTO log.head (position) VALUES (0)", "CREATE TABLE log.mine (id int)",
      ]
      for change in changes {
        await #expect(throws: PostgresError.self, "\(change.text)") { try await connection.execute(change) }
      }
      print(
        "append-only: \(Self.changes.count) changes refused to application and owner, \(changes.count) of its rules")
    }
  }

  private func withLogOfOneEvent(
    role: String?, _ body: (PostgresConnection) async throws -> Void
  ) async throws {
    try await withMigratedDatabase(role: role) { configuration in
      let pool = PostgresPool(configuration: configuration, size: 2, logger: Logger(label: "test"))
      let log = PostgresEventLog(pool: pool, redis: nil)
      _ = try await log.append(to: StreamName(category: "test", id: "a"), expected: .noStream, [testEvent()])
      let before = try await log.read(after: .start, limit: 10)
      try await pool.withConnection { try await body($0) }
      #expect(try await log.read(after: .start, limit: 10) == before)
      await pool.close()
    }
  }
}
