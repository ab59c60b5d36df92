// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Postgres: COPY")
struct PostgresCopyTests {
  struct Abort: Error {}

  func chunks(_ texts: [String], failingAfter count: Int? = nil) -> AsyncThrowingStream<[UInt8], any Error> {
    AsyncThrowingStream { continuation in
      for text in texts.prefix(count ?? texts.count) { continuation.yield(Array(text.utf8)) }
      continuation.finish(throwing: count == nil ? nil : Abort())
    }
  }

  func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (n bigint PRIMARY KEY, name text)")
      try await body(connection)
    }
  }

  func count(_ connection: PostgresConnection) async throws -> Int {
    try await connection.query("SELECT count(*) FROM t")[0].decode(0, as: Int.self)
  }

  @Test func chunksMaySplitRowsAnywhere() async throws {
    try await withTable { connection in
      let pieces = chunks(["1\tone\n2\tt", "", "wo\n", "3\t\\N\n"])
      let count = try await connection.copyIn("COPY t FROM STDIN", chunks: pieces)
      #expect(count == 3)
      let rows = try await connection.query("SELECT name FROM t ORDER BY n").decode(String?.self)
      #expect(rows == ["one", "two", nil])
    }
  }

  @Test func errorOfTheSourceTakesEveryRowBack() async throws {
    try await withTable { connection in
      await #expect(throws: Abort.self) {
        try await connection.copyIn("COPY t FROM STDIN", chunks: chunks(["1\tone\n", "2\ttwo\n"], failingAfter: 1))
      }
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func refusedRowIsTheServersError() async throws {
    try await withTable { connection in
      let rows = (0..<20_000).map { "\($0 % 10_000)\tname\n" }
      let error = await #expect(throws: PostgresError.self) {
        try await connection.copyIn("COPY t FROM STDIN", chunks: chunks(rows))
      }
      #expect(error?.isUniqueViolation == true)
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
      #expect(connection.isUsable)
    }
  }

  @Test func binaryRowsAreEncodedByTheirTypes() async throws {
    try await withPostgres { connection in
      try await connection.script(
        "CREATE TABLE t (id uuid, n bigint, name text, at timestamptz, tags text[], raw bytea)")
      let rows = (0..<50_000).map { number in
        (UUID(), number, number.isMultiple(of: 2) ? "even" : nil, Date(timeIntervalSince1970: Double(number)))
      }
      let count = try await connection.copyIn("COPY t FROM STDIN (FORMAT binary)", rows: rows) { row, writer in
        writer.row(row.0, row.1, row.2, row.3, ["a", "b"], [UInt8]([1, 2]))
      }
      #expect(count == 50_000)
      let stored = try await connection.query(
        "SELECT id, n, name, at, tags, raw FROM t WHERE n IN (0, 49999) ORDER BY n"
      ).decode((UUID, Int, String?, Date, [String], [UInt8]).self)
      #expect(stored.map(\.0) == [rows[0].0, rows[49_999].0])
      #expect(stored.map(\.2) == ["even", nil])
      #expect(stored[1].3 == rows[49_999].3)
      #expect(stored[0].4 == ["a", "b"])
      #expect(stored[0].5 == [1, 2])
    }
  }

  @Test func rowThatCannotBeWrittenTakesEveryRowBack() async throws {
    try await withTable { connection in
      await #expect(throws: Abort.self) {
        try await connection.copyIn("COPY t FROM STDIN (FORMAT binary)", rows: 0..<100_000) { row, writer in
          guard row < 50_000 else { throw Abort() }
          writer.row(row, "name")
        }
      }
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func copyOutGivesWholeRowsInOrder() async throws {
    try await withTable { connection in
      try await connection.execute("INSERT INTO t SELECT n, 'name ' || n FROM generate_series(1, 50000) AS n")
      var lines = 0, chunks = 0
      for try await chunk in connection.copyOut("COPY (SELECT n FROM t ORDER BY n) TO STDOUT") {
        chunks += 1
        #expect(chunk.last == UInt8(ascii: "\n"))
        for line in chunk.split(separator: UInt8(ascii: "\n")) {
          lines += 1
          if Int(String(decoding: line, as: UTF8.self)) != lines { Issue.record("row \(lines) is out of order") }
        }
      }
      #expect(lines == 50_000)
      #expect(chunks < 5_000)
    }
  }

  @Test func errorInTheMiddleOfCopyOutIsThrown() async throws {
    try await withTable { connection in
      var received = 0
      let error = await #expect(throws: PostgresError.self) {
        let statement: Query = "COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9999) AS n) TO STDOUT"
        for try await chunk in connection.copyOut(statement) {
          received += chunk.count
        }
      }
      #expect(error?.sqlState == "22012")
      #expect(received > 0)
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }

  @Test func copyOutLeftEarlyIsEndedByTheNextCall() async throws {
    try await withTable { connection in
      for try await _ in connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") { break }
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
      #expect(try await connection.transaction { try await $0.query("SELECT 1").count } == 1)
    }
  }

  @Test func otherStatementsAreRefusedAsCopy() async throws {
    try await withTable { connection in
      let wrong: [Query] = ["SELECT 1", "COPY t TO STDOUT"]
      for statement in wrong {
        let error = await #expect(throws: PostgresError.self) {
          try await connection.copyIn(statement, chunks: chunks([]))
        }
        #expect(error?.code == .misuse)
      }
      let asQuery = await #expect(throws: PostgresError.self) { try await connection.query("COPY t FROM STDIN") }
      #expect(asQuery?.code == .misuse)
      let withValue = await #expect(throws: PostgresError.self) {
        try await connection.copyIn("COPY t FROM \("file")", chunks: chunks([]))
      }
      #expect(withValue?.code == .misuse)
      let rowCount = try await count(connection)
      #expect(rowCount == 0)
    }
  }
}
