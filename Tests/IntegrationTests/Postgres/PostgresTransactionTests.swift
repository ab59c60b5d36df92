// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite("Postgres: transactions")
struct PostgresTransactionTests {
  struct Abort: Error {}

  func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (n int PRIMARY KEY)")
      try await body(connection)
    }
  }

  func count(_ connection: PostgresConnection) async throws -> Int {
    try await connection.query("SELECT count(*) FROM t")[0].decode(0, as: Int.self)
  }

  @Test func commitsWhatReturned() async throws {
    try await withTable { connection in
      let result = try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1), (2)") }
      #expect(result == 2)
      let rowCount = try await count(connection)
      #expect(rowCount == 2)
    }
  }

  @Test func rollsBackWhatThrew() async throws {
    try await withTable { connection in
      await #expect(throws: Abort.self) {
        try await connection.transaction { connection in
          try await connection.execute("INSERT INTO t VALUES (1)")
          throw Abort()
        }
      }
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func throwsTheServersErrorAndCanGoOn() async throws {
    try await withTable { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1), (1)") }
      }
      #expect(error?.isUniqueViolation == true)
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func swallowedErrorIsNotACommit() async throws {
    try await withTable { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { connection in
          try await connection.execute("INSERT INTO t VALUES (1)")
          _ = try? await connection.execute("INSERT INTO t VALUES (1)")
        }
      }
      #expect(error?.sqlState == "25P02")
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func savepointUndoesItsPartAlone() async throws {
    try await withTable { connection in
      try await connection.transaction { connection in
        try await connection.execute("INSERT INTO t VALUES (1)")
        for number in [2, 1, 3] {
          // 1 collides; inside a savepoint that leaves the rest in order.
          try? await connection.savepoint { connection in
            try await connection.savepoint { _ = try await $0.execute("INSERT INTO t VALUES (\(number) + 10)") }
            try await connection.execute("INSERT INTO t VALUES (\(number))")
          }
        }
      }
      let numbers = try await connection.query("SELECT n FROM t ORDER BY n").decode(Int.self)
      #expect(numbers == [1, 2, 3, 12, 13])
    }
  }

  @Test func transactionInsideATransactionIsRefused() async throws {
    try await withTable { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { connection in
          try await connection.transaction { _ = try await $0.query("SELECT 1") }
        }
      }
      #expect(error?.code == .misuse)
    }
  }

  @Test func optionsReachTheServer() async throws {
    try await withTable { connection in
      let names: [String] = [
        "transaction_isolation", "transaction_read_only", "transaction_deferrable", "synchronous_commit",
      ]
      func settings(_ options: TransactionOptions) async throws -> [String] {
        try await connection.transaction(options) { connection in
          try await connection.query(
            "SELECT current_setting(name) FROM unnest(\(names)) WITH ORDINALITY AS s (name, i) ORDER BY i"
          ).decode(String.self)
        }
      }
      let before = try await settings(.init())
      #expect(before == ["read committed", "off", "off", "on"])
      let strictest = try await settings(.init(isolation: .serializable, readOnly: true, deferrable: true))
      #expect(strictest == ["serializable", "on", "on", "on"])
      let loosest = try await settings(.init(isolation: .repeatableRead, synchronousCommit: false))
      #expect(loosest == ["repeatable read", "off", "off", "off"])
      let after = try await settings(.init())
      #expect(after == before)

      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction(.init(readOnly: true)) { try await $0.execute("INSERT INTO t VALUES (1)") }
      }
      #expect(error?.sqlState == "25006")
    }
  }

  @Test func connectionLostInCommitLeavesTheOutcomeUnknown() async throws {
    try await withTable { connection in
      // Runs at COMMIT, not before, and ends the session there.
      try await connection.script(
        """
        CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION die()
        """)
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1)") }
      }
      #expect(error?.code == .commitUnknown)
      #expect(error?.isTransient == false)
      #expect(!connection.isUsable)
    }
  }

  @Test func connectionLostBeforeCommitIsAnOrdinaryLoss() async throws {
    try await withTable { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { connection in
          try await connection.execute("INSERT INTO t VALUES (1)")
          _ = try? await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
        }
      }
      #expect(error?.code == .connection)
    }
  }

  @Test func deferredConstraintFailsTheCommit() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (n int CONSTRAINT t_key UNIQUE DEFERRABLE INITIALLY DEFERRED)")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { try await $0.execute("INSERT INTO t VALUES (1), (1)") }
      }
      #expect(error?.code == .server)
      #expect(error?.constraint == "t_key")
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func twoWritersInEachOthersWaySeeASerializationFailure() async throws {
    try await withDatabase { configuration in
      let first = try await PostgresConnection.connect(configuration, logger: logger)
      let second = try await PostgresConnection.connect(configuration, logger: logger)
      try await first.script("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
      let error = await #expect(throws: PostgresError.self) {
        try await first.transaction(.init(isolation: .repeatableRead)) { first in
          _ = try await first.query("SELECT n FROM t")
          try await second.execute("UPDATE t SET n = 2")
          try await first.execute("UPDATE t SET n = 3")
        }
      }
      #expect(error?.isSerializationFailure == true)
      #expect(error?.isTransient == true)
      await first.close()
      await second.close()
    }
  }
}
