// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import TestSupport
import Testing

let logger = Logger(label: "test")

/// Runs `body` with one connection to a fresh database.
func withPostgres<Value>(_ body: (PostgresConnection) async throws -> Value) async throws -> Value {
  try await withDatabase { configuration in
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    let value = try await body(connection)
    await connection.close()
    return value
  }
}

@Suite("Postgres: connection")
struct PostgresConnectionTests {
  @Test func queryGivesTypedRows() async throws {
    try await withPostgres { connection in
      let rows = try await connection.query("SELECT n, 'x' || n AS t FROM generate_series(1, \(3)) AS n ORDER BY n")
      #expect(rows.count == 3)
      #expect(rows.affectedRows == 3)
      #expect(rows.columnNames == ["n", "t"])
      let tuples = try rows.decode((Int, String).self)
      #expect(tuples.map(\.0) == [1, 2, 3])
      #expect(tuples.map(\.1) == ["x1", "x2", "x3"])
      #expect(try rows[2].decode("t", as: String.self) == "x3")
      #expect(try rows.map { try $0.decode(0, as: Int.self) } == [1, 2, 3])
    }
  }

  @Test func whatIsToBeDoneMeanwhileIsDoneBeforeTheAnswer() async throws {
    try await withDatabase { configuration in
      let holder = try await PostgresConnection.connect(configuration, logger: logger)
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      // The statement waits for a lock that is let go meanwhile: if that came after the answer, neither would come.
      let lock: Query = "SELECT pg_advisory_lock(1)"
      _ = try await holder.query(lock)
      let count = try await self.query(lock, on: connection) { Task { await holder.close() } }
      #expect(count == 1)
      await connection.close()
    }
  }

  @Test func nothingIsDoneMeanwhileWhenThereIsNoStatement() async throws {
    try await withPostgres { connection in
      await #expect(throws: PostgresError.self) {
        try await self.query("SELEC 1", on: connection) { Issue.record("it ran") }
      }
      let count = try await self.query("SELECT 1", on: connection) {}
      #expect(count == 1)
    }
  }

  private func query(
    _ query: Query, on connection: isolated PostgresConnection, meanwhile: @Sendable () -> Void
  ) async throws -> Int {
    try await connection.query(query, meanwhile: meanwhile).count
  }

  @Test func rowsOutliveTheirConnection() async throws {
    let rows = try await withPostgres { try await $0.query("SELECT repeat('x', 100000)") }
    #expect(try rows[0].decode(0, as: String.self).count == 100_000)
  }

  @Test func decodingErrorNamesTheColumn() async throws {
    try await withPostgres { connection in
      let row = try await connection.query("SELECT 1 AS a, NULL::text AS b")[0]
      let error = #expect(throws: PostgresError.self) { try row.decode((Int, String).self) }
      #expect(error?.message == #"NULL cannot be read as String (column 1, "b")"#)
      #expect(throws: PostgresError.self) { try row.decode((Int, String?, Int).self) }
      #expect(throws: PostgresError.self) { try row.decode((Int).self) }
      #expect(throws: PostgresError.self) { try row.decode("c", as: Int.self) }
      #expect(throws: PostgresError.self) { try row.decode(2, as: Int.self) }
    }
  }

  @Test func executeGivesTheNumberOfRowsTouched() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (n int)")
      #expect(try await connection.execute("INSERT INTO t SELECT generate_series(1, 10)") == 10)
      #expect(try await connection.execute("UPDATE t SET n = 0 WHERE n > \(7)") == 3)
      #expect(try await connection.execute("CREATE TABLE u ()") == 0)
    }
  }

  @Test func statementIsPreparedOncePerConnection() async throws {
    try await withPostgres { connection in
      for number in 0..<5 {
        #expect(try await connection.query("SELECT \(number) + 1")[0].decode(0, as: Int.self) == number + 1)
      }
      let prepared = try await connection.query(
        "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%+ 1'")
      #expect(try prepared.decode(String.self) == ["SELECT $1 + 1"])
    }
  }

  @Test func sameTextWithOtherTypesIsNotMixedUp() async throws {
    try await withPostgres { connection in
      func type<Value: PostgresEncodable>(_ value: Value) async throws -> String {
        try await connection.query("SELECT pg_typeof(\(value))::text")[0].decode(0, as: String.self)
      }
      let types = try await [type(1), type("1"), type([true]), type(2)]
      #expect(types == ["bigint", "text", "boolean[]", "bigint"])
    }
  }

  @Test func manyDifferentStatementsDoNotPileUpOnTheServer() async throws {
    try await withPostgres { connection in
      for number in 0..<1100 { try await connection.execute("SELECT 1 AS \(identifier: "c\(number)")") }
      let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(0, as: Int.self)
      #expect(count == 1000)
    }
  }

  @Test func preparedStatementFollowsTheSchema() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
      func columns() async throws -> [String] { try await connection.query("SELECT * FROM t").columnNames }
      #expect(try await columns() == ["a"])
      try await connection.script("ALTER TABLE t ADD COLUMN b int")
      #expect(try await columns() == ["a", "b"])
      try await connection.script("DEALLOCATE ALL")
      #expect(try await columns() == ["a", "b"])
      // Inside a transaction it cannot be tried again; the next time it works.
      try await connection.script("ALTER TABLE t ADD COLUMN c int")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.transaction { try await $0.query("SELECT * FROM t") }
      }
      #expect(error?.sqlState == "0A000")
      #expect(try await connection.transaction { try await $0.query("SELECT * FROM t").count } == 1)
    }
  }

  @Test func serverErrorCarriesAllItsParts() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (id int CONSTRAINT t_pkey PRIMARY KEY)")
      try await connection.execute("INSERT INTO t VALUES (1)")
      let line = #line + 1
      func insert() async throws { try await connection.execute("INSERT INTO t VALUES (\(Int32(1)))") }
      let error = await #expect(throws: PostgresError.self) { try await insert() }
      #expect(error?.code == .server)
      #expect(error?.sqlState == "23505")
      #expect(error?.isUniqueViolation == true)
      #expect(error?.constraint == "t_pkey")
      #expect(error?.detail == "Key (id)=(1) already exists.")
      #expect(error?.statement == "INSERT INTO t VALUES ($1)")
      #expect(error?.line == line)
      #expect(error?.file.hasSuffix("PostgresConnectionTests.swift") == true)
      // The connection is as good as before.
      #expect(try await connection.query("SELECT 1").count == 1)
      let hint = await #expect(throws: PostgresError.self) { try await connection.query("SELECT lenght('x')") }
      #expect(hint?.hint?.isEmpty == false)
      #expect(hint?.position == 8)
    }
  }

  @Test func whatLibpqWouldCutOffIsRefusedAndHarmless() async throws {
    try await withPostgres { connection in
      let cut = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT 1 AS \(identifier: "a\u{0}b")")
      }
      #expect(cut?.code == .misuse)
      let script = await #expect(throws: PostgresError.self) { try await connection.script("SELECT 1; \u{0} SELECT 2") }
      #expect(script?.code == .misuse)
      var many = Query.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
      many.appendLiteral("SELECT 1 WHERE 1 IN (0")
      for number in 0...65_535 {
        many.appendLiteral(", ")
        many.appendInterpolation(number)
      }
      many.appendLiteral(")")
      let query = Query(stringInterpolation: many)
      let tooMany = await #expect(throws: PostgresError.self) { try await connection.pipeline(["SELECT 1", query]) }
      #expect(tooMany?.code == .misuse)
      // A NUL in a value reaches the server, which has no such text.
      let value = await #expect(throws: PostgresError.self) { try await connection.query("SELECT \("a\u{0}b")") }
      #expect(value?.sqlState == "22021")
      let row = try await connection.query("SELECT 1")[0].decode(0, as: Int.self)
      #expect(row == 1)
    }
  }

  @Test func statementTimeoutEndsASlowStatement() async throws {
    try await withDatabase { configuration in
      var configuration = configuration
      configuration.statementTimeout = .milliseconds(50)
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT pg_sleep(60)") }
      #expect(error?.code == .server)
      #expect(error?.sqlState == "57014")
      #expect(error?.isTransient == false)
      #expect(try await connection.query("SELECT 1").count == 1)
      await connection.close()
    }
  }

  @Test func sessionHasTheSettingsAskedFor() async throws {
    try await withDatabase { configuration in
      var configuration = configuration
      configuration.applicationName = "some 'name'"
      configuration.role = "pg_read_all_data"
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      let (name, user, zone) = try await connection.query(
        "SELECT current_setting('application_name'), current_user, current_setting('TimeZone')"
      )[0].decode((String, String, String).self)
      #expect(name == "some 'name'")
      #expect(user == "pg_read_all_data")
      #expect(zone == "UTC")
      await connection.close()
    }
  }

  @Test func whatCannotBeReachedIsAConnectionError() async throws {
    for url in ["postgres:///x?host=/nowhere", "postgres://localhost:1/x", "postgres://%zz", "postgres:///x?nosuch=1"] {
      let error = await #expect(throws: PostgresError.self) {
        try await PostgresConnection.connect(PostgresConfiguration(url: url), logger: logger)
      }
      #expect(error?.code == .connection)
      #expect(error?.message.isEmpty == false)
    }
  }

  @Test func unknownDatabaseIsAConnectionErrorThatWillNotPass() async throws {
    try await withDatabase { configuration in
      var configuration = configuration
      configuration.url += "&dbname=absent"
      let error = await #expect(throws: PostgresError.self) {
        try await PostgresConnection.connect(configuration, logger: logger)
      }
      #expect(error?.code == .connection)
      #expect(error?.message.contains("absent") == true)
    }
  }

  /// If statements blocked Swift's own threads, of which there are as many as cores, nobody could let them go on.
  @Test func blockedStatementsBlockNobodyElse() async throws {
    try await withDatabase { configuration in
      let holder = try await PostgresConnection.connect(configuration, logger: logger)
      try await holder.execute("SELECT pg_advisory_lock(1)")
      try await withThrowingTaskGroup { group in
        for _ in 0..<ProcessInfo.processInfo.activeProcessorCount * 3 {
          group.addTask {
            let connection = try await PostgresConnection.connect(configuration, logger: logger)
            try await connection.execute("SELECT pg_advisory_lock_shared(1)")
            await connection.close()
          }
        }
        try await eventually("not all wait for the lock") {
          try await holder.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").count
            == ProcessInfo.processInfo.activeProcessorCount * 3
        }
        try await holder.execute("SELECT pg_advisory_unlock(1)")
        try await group.waitForAll()
      }
      await holder.close()
    }
  }

  @Test func callAfterCloseIsRefused() async throws {
    try await withPostgres { connection in
      await connection.close()
      #expect(!connection.isUsable)
      let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      #expect(error?.code == .closed)
    }
  }

  @Test func killedSessionIsAConnectionErrorAndNeverUsableAgain() async throws {
    try await withPostgres { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
      }
      #expect(error?.code == .connection)
      #expect(error?.sqlState == "57P01")
      #expect(error?.isTransient == true)
      #expect(!connection.isUsable)
      let next = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
      #expect(next?.code == .connection)
    }
  }
}
