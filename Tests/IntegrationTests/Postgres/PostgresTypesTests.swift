// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import TestSupport
import Testing

/// Values against the server's own opinion: what it calls them, what it prints, what comes back.
@Suite("Postgres: types")
struct PostgresTypesTests {
  func check<Value: PostgresEncodable & PostgresDecodable & Equatable>(
    _ value: Value, type: String, text: String, on connection: PostgresConnection,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let row = try await connection.query("SELECT \(value) AS value, pg_typeof(\(value))::text, \(value)::text")[0]
    let (returned, typeName, printed) = try row.decode((Value, String, String).self)
    #expect(returned == value, sourceLocation: sourceLocation)
    #expect(typeName == type, sourceLocation: sourceLocation)
    #expect(printed == text, sourceLocation: sourceLocation)
  }

  @Test func scalars() async throws {
    try await withPostgres { connection in
      try await check(true, type: "boolean", text: "true", on: connection)
      try await check(Int16.min, type: "smallint", text: "-32768", on: connection)
      try await check(Int32.min, type: "integer", text: "-2147483648", on: connection)
      try await check(Int64.min, type: "bigint", text: "-9223372036854775808", on: connection)
      try await check(Int.max, type: "bigint", text: "9223372036854775807", on: connection)
      try await check(0.1, type: "double precision", text: "0.1", on: connection)
      try await check(-Double.infinity, type: "double precision", text: "-Infinity", on: connection)
      try await check("", type: "text", text: "", on: connection)
      try await check("naïve 🗂️'\"\\", type: "text", text: "naïve 🗂️'\"\\", on: connection)
      try await check([UInt8]([0, 1, 255]), type: "bytea", text: "\\x0001ff", on: connection)
      try await check([UInt8](), type: "bytea", text: "\\x", on: connection)
      let id = try #require(UUID(uuidString: "01234567-89AB-CDEF-0123-456789ABCDEF"))
      try await check(id, type: "uuid", text: "01234567-89ab-cdef-0123-456789abcdef", on: connection)
    }
  }

  @Test func dates() async throws {
    try await withPostgres { connection in
      let date = Date(timeIntervalSince1970: 1_700_000_000.123456)
      try await check(date, type: "timestamp with time zone", text: "2023-11-14 22:13:20.123456+00", on: connection)
      let old = Date(timeIntervalSince1970: -2_208_988_800)
      try await check(old, type: "timestamp with time zone", text: "1900-01-01 00:00:00+00", on: connection)
      let never = Date(timeIntervalSinceReferenceDate: .infinity)
      try await check(never, type: "timestamp with time zone", text: "infinity", on: connection)
      let row = try await connection.query(
        "SELECT timestamp '2001-01-01 00:00:01.5', date '2001-01-02', date 'infinity', timestamptz '-infinity'")[0]
      let (timestamp, day, endless, beginless) = try row.decode((Date, Date, Date, Date).self)
      #expect(timestamp.timeIntervalSinceReferenceDate == 1.5)
      #expect(day.timeIntervalSinceReferenceDate == 86_400)
      #expect(endless.timeIntervalSinceReferenceDate == .infinity)
      #expect(beginless.timeIntervalSinceReferenceDate == -.infinity)
    }
  }

  @Test func arrays() async throws {
    try await withPostgres { connection in
      let id = try #require(UUID(uuidString: "01234567-89AB-CDEF-0123-456789ABCDEF"))
      let date = Date(timeIntervalSince1970: 0)
      try await check([true, false], type: "boolean[]", text: "{t,f}", on: connection)
      try await check([Int16(1)], type: "smallint[]", text: "{1}", on: connection)
      try await check([Int32(1), 2], type: "integer[]", text: "{1,2}", on: connection)
      try await check([1, 2, 3], type: "bigint[]", text: "{1,2,3}", on: connection)
      try await check([Int](), type: "bigint[]", text: "{}", on: connection)
      try await check([0.5], type: "double precision[]", text: "{0.5}", on: connection)
      try await check(["a", "", "b,\"c"], type: "text[]", text: #"{a,"","b,\"c"}"#, on: connection)
      try await check([id], type: "uuid[]", text: "{01234567-89ab-cdef-0123-456789abcdef}", on: connection)
      try await check([date], type: "timestamp with time zone[]", text: #"{"1970-01-01 00:00:00+00"}"#, on: connection)
      try await check([[UInt8]([1]), []], type: "bytea[]", text: #"{"\\x01","\\x"}"#, on: connection)
    }
  }

  @Test func arraysWithNulls() async throws {
    try await withPostgres { connection in
      try await check([String?]([nil, "NULL", nil]), type: "text[]", text: #"{NULL,"NULL",NULL}"#, on: connection)
      try await check([Int?]([1, nil]), type: "bigint[]", text: "{1,NULL}", on: connection)
      try await check([UUID?]([nil]), type: "uuid[]", text: "{NULL}", on: connection)
      try await check([[UInt8]?]([nil, [7]]), type: "bytea[]", text: #"{NULL,"\\x07"}"#, on: connection)
      let row = try await connection.query("SELECT ARRAY[1, NULL]")[0]
      #expect(throws: PostgresError.self) { try row.decode(0, as: [Int].self) }
      #expect(try row.decode(0, as: [Int?].self) == [1, nil])
    }
  }

  @Test func nulls() async throws {
    try await withPostgres { connection in
      let row = try await connection.query(
        "SELECT \(Int?.none), \(String?.none) IS NULL, \([UUID]?.none), \([UInt8]?.none), \(Date?.none)")[0]
      let (number, isNull, ids, bytes, date) = try row.decode((Int?, Bool, [UUID]?, [UInt8]?, Date?).self)
      #expect(number == nil && ids == nil && bytes == nil && date == nil)
      #expect(isNull)
    }
  }

  @Test func jsonKeepsItsBytes() async throws {
    try await withPostgres { connection in
      let text = #"{"b": 1,  "a":[null,"ü"], "b":2}"#
      try await connection.script("CREATE TABLE t (exact json, parsed jsonb, list json[])")
      let json = PostgresJSON(text)
      try await connection.execute(
        "INSERT INTO t VALUES (\(json), \(json), \([PostgresJSON("1"), json]))"
      )
      let row = try await connection.query("SELECT exact, exact, parsed, list, exact, pg_typeof(list)::text FROM t")[0]
      let (exact, bytes, parsed, list, string, type) = try row.decode(
        (PostgresJSON, [UInt8], PostgresJSON, [PostgresJSON], String, String).self)
      #expect(exact.text == text)
      #expect(bytes == Array(text.utf8))
      #expect(parsed.text == #"{"a": [null, "ü"], "b": 2}"#)
      #expect(list.map(\.text) == ["1", text])
      #expect(string == text)
      #expect(type == "json[]")
      let error = await #expect(throws: PostgresError.self) {
        try await connection.execute("INSERT INTO t (exact) VALUES (\(PostgresJSON("{")))")
      }
      #expect(error?.sqlState == "22P02")
    }
  }

  @Test func aggregatesOfWholeNumbersAreReadAsIntegers() async throws {
    try await withPostgres { connection in
      let row = try await connection.query(
        """
        SELECT sum(n), avg(n), sum(n * 1000000000000), count(*), 12345678901234567890.5, 0::numeric, -0.25::numeric
        FROM generate_series(\(1), \(100)) AS n
        """)[0]
      let (sum, average, large, count, wide, zero, negative) = try row.decode(
        (Int, Double, Int, Int, Double, Int, Double).self)
      #expect(sum == 5050)
      #expect(average == 50.5)
      #expect(large == 5_050_000_000_000_000)
      #expect(count == 100)
      #expect(wide == 12345678901234567890.5)
      #expect(zero == 0)
      #expect(negative == -0.25)
    }
  }

  @Test func enumsAndOtherTextTypesAreStrings() async throws {
    try await withPostgres { connection in
      try await connection.script(
        "CREATE TYPE state AS ENUM ('live', 'trashed'); CREATE TABLE t (state state, name varchar(9), code char(3))")
      try await connection.execute("INSERT INTO t VALUES (\("trashed")::state, \("n"), \("c"))")
      let row = try await connection.query("SELECT state, name, code, state::name FROM t")[0]
      let (state, name, code, asName) = try row.decode((String, String, String, String).self)
      #expect(state == "trashed" && name == "n" && code == "c  " && asName == "trashed")
    }
  }

  @Test func unnestTurnsArraysIntoRows() async throws {
    try await withPostgres { connection in
      try await connection.script("CREATE TABLE t (id uuid PRIMARY KEY, n bigint, name text, at timestamptz)")
      let ids = (0..<1000).map { _ in UUID() }
      let names = (0..<1000).map { $0.isMultiple(of: 3) ? nil : "name \($0)" }
      let dates = (0..<1000).map { Date(timeIntervalSince1970: Double($0)) }
      let inserted = try await connection.execute(
        "INSERT INTO t SELECT * FROM unnest(\(ids), \(Array(0..<1000)), \(names), \(dates))")
      #expect(inserted == 1000)
      let rows = try await connection.query("SELECT * FROM t ORDER BY n").decode((UUID, Int, String?, Date).self)
      #expect(rows.map(\.0) == ids)
      #expect(rows.map(\.1) == Array(0..<1000))
      #expect(rows.map(\.2) == names)
      #expect(rows.map(\.3) == dates)
    }
  }
}
