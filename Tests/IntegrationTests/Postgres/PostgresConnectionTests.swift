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
      let rows = try await connection.query("SELECT n, 'x' || n FROM generate_series(1, \(3)) AS n ORDER BY n")
      #expect(rows.count == 3)
      #expect(rows.affectedRows == 3)
      let tuples = try rows.decode((Int, String).self)
      #expect(tuples.map(\.0) == [1, 2, 3])
      #expect(tuples.map(\.1) == ["x1", "x2", "x3"])
    }
  }

  @Test func statementIsPreparedOncePerConnection() async throws {
    try await withPostgres { connection in
      for number in 0..<5 {
        #expect(try await connection.query("SELECT \(number) + 1")[0].decode(0, as: Int.self) == number + 1)
      }
      let prepared = try await connection.query("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%+ 1'")
      #expect(try prepared.decode(String.self) == ["SELECT $1 + 1"])
    }
  }
}
