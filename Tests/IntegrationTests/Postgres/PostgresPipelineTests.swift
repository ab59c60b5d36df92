// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite("Postgres: pipeline")
struct PostgresPipelineTests {
  @Test func resultsComeInOrder() async throws {
    try await withPostgres { connection in
      let results = try await connection.pipeline([
        "CREATE TABLE t (n int)", "INSERT INTO t VALUES (1), (2)", "SELECT n FROM t ORDER BY n", "SELECT \("x")",
      ])
      #expect(results.map(\.affectedRows) == [0, 2, 2, 1])
      #expect(try results[2].decode(Int.self) == [1, 2])
      #expect(try results[3].decode(String.self) == ["x"])
      #expect(try await connection.pipeline([]).isEmpty)
    }
  }

  @Test func errorUndoesAllAndTheFirstIsThrown() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (n int CONSTRAINT t_pkey PRIMARY KEY)")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.pipeline([
          "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1)", "SELECT 1 / 0", "INSERT INTO t VALUES (2)",
        ])
      }
      #expect(error?.constraint == "t_pkey")
      #expect(error?.statement == "INSERT INTO t VALUES (1)")
      #expect(try await connection.query("SELECT * FROM t").isEmpty)
      // Statements that were never prepared because of the error are prepared now.
      let results = try await connection.pipeline(["INSERT INTO t VALUES (2)", "SELECT n FROM t"])
      #expect(try results[1].decode(Int.self) == [2])
    }
  }

  @Test func syntaxErrorLeavesTheConnectionInOrder() async throws {
    try await withPostgres { connection in
      for _ in 0..<2 {
        let error = await #expect(throws: PostgresError.self) {
          try await connection.pipeline(["SELECT 1", "SELEC 2", "SELECT 3"])
        }
        #expect(error?.sqlState == "42601")
      }
      let results = try await connection.pipeline(["SELECT 1", "SELECT 3"])
      #expect(results.count == 2)
    }
  }

  @Test func isPartOfTheTransactionAroundIt() async throws {
    try await withPostgres { connection in
      struct Abort: Error {}
      try await connection.script("CREATE TABLE t (n int)")
      await #expect(throws: Abort.self) {
        try await connection.transaction { connection in
          _ = try await connection.pipeline(["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"])
          throw Abort()
        }
      }
      #expect(try await connection.query("SELECT * FROM t").isEmpty)
    }
  }

  @Test func sharesPreparedStatementsWithQuery() async throws {
    try await withPostgres { connection in
      func add(_ number: Int) -> Query { "SELECT \(number) + 1" }
      _ = try await connection.query(add(1))
      let results = try await connection.pipeline((0..<50).map(add))
      #expect(try results.map { try $0[0].decode(0, as: Int.self) } == (1...50).map { $0 })
      let prepared = try await connection.query(
        "SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%+ 1'")
      #expect(prepared.count == 1)
    }
  }

  /// More in both directions than the socket's buffers hold: whoever only wrote would wait for ever.
  @Test func manyLargeStatementsAndAnswersDoNotBlockEachOther() async throws {
    try await withPostgres { connection in
      let text = String(repeating: "x", count: 20_000)
      let results = try await connection.pipeline((0..<500).map { "SELECT \(text) || \($0)" })
      #expect(results.count == 500)
      #expect(try results[499][0].decode(0, as: String.self) == text + "499")
    }
  }

  @Test func connectionLostMidwayIsAConnectionError() async throws {
    try await withPostgres { connection in
      let error = await #expect(throws: PostgresError.self) {
        try await connection.pipeline(["SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2"])
      }
      #expect(error?.code == .connection)
      #expect(!connection.isUsable)
    }
  }
}
