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

  private static let rules: [Query] = [
    "ALTER TABLE log.event DISABLE TRIGGER ALL",
    "ALTER TABLE log.event DISABLE TRIGGER event_is_append_only",
    "ALTER TABLE log.event DROP CONSTRAINT event_pkey",
    "ALTER TABLE log.event ADD COLUMN note text",
    "ALTER TABLE log.event ALTER COLUMN payload DROP NOT NULL",
    "ALTER TABLE log.event OWNER TO onefold_app",
    "ALTER TABLE log.event RENAME TO past",
    "ALTER TABLE log.event SET SCHEMA public",
    "ALTER SCHEMA log RENAME TO past",
    "DROP TRIGGER event_is_append_only ON log.event",
    "CREATE TRIGGER mine BEFORE INSERT ON log.event FOR EACH ROW EXECUTE FUNCTION log.refuse_change()",
    "CREATE RULE mine AS ON INSERT TO log.event DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "ALTER FUNCTION log.refuse_change() RENAME TO allow_change",
    "DROP FUNCTION log.refuse_change() CASCADE",
    "DROP TABLE log.event",
    "DROP TABLE log.event CASCADE",
    "DROP SCHEMA log CASCADE",
    "SET session_replication_role = replica",
    "SET LOCAL session_replication_role = replica",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE onefold_app SUPERUSER",
    "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgname = 'event_is_append_only'",
    "UPDATE log.event SET type = type",
    "INSERT INTO log.event SELECT * FROM log.event ON CONFLICT (position) DO UPDATE SET type = 'test.forged'",
    "SELECT FROM log.event FOR UPDATE",
    "MERGE INTO log.event USING log.head ON true WHEN MATCHED THEN DELETE",
    "DELETE FROM log.head",
    "TRUNCATE log.head",
    "INSERT INTO log.head (position) VALUES (0)",
    "CREATE TABLE log.mine (id int)",
  ]

  @Test func applicationCannotChangeTheRulesEither() async throws {
    let start = ContinuousClock.now
    try await withLogOfOneEvent(role: "onefold_app") { connection in
      for change in Self.rules {
        let refusal = await #expect(throws: PostgresError.self, "\(change.text)") {
          try await connection.execute(change)
        }
        #expect(refusal?.sqlState == "42501", "\(change.text)")
      }
      // To grant what one may not grant is a warning and has no effect.
      try await connection.execute("GRANT UPDATE, DELETE, TRUNCATE ON log.event TO onefold_app")
      for change in Self.changes {
        let refusal = await #expect(throws: PostgresError.self) { try await connection.execute(change) }
        #expect(refusal?.sqlState == "42501")
      }
    }
    Trials.held(
      18, "\(Self.rules.count + Self.changes.count) statements of the application", since: start, "carried out 0",
      "of the owner \(Self.changes.count), carried out 0")
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
