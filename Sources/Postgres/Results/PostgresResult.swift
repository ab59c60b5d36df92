// SPDX-License-Identifier: Apache-2.0

internal import CLibpq

/// Owns one `PGresult`.
///
/// `@unchecked Sendable`, because nothing writes to a `PGresult` once libpq has handed it out, until the `deinit`
/// here, which is called once, after the last reader: "PGresult objects are normally read-only after creation, and so
/// can be passed around freely between threads" (libpq, "Behavior in Threaded Programs"; the exceptions,
/// PQmakeEmptyPGresult and its like, are not used).
final class PostgresResult: @unchecked Sendable {
  private let pointer: OpaquePointer
  let rowCount: Int
  let columnCount: Int

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
    rowCount = Int(PQntuples(pointer))
    columnCount = Int(PQnfields(pointer))
  }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }

  /// `INSERT 0 5`, `ROLLBACK`, …
  var commandTag: String { String(cString: PQcmdStatus(pointer)) }

  /// As the command tag says; 0 for statements that count nothing.
  var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

  func type(ofColumn column: Int) -> PostgresType {
    PostgresType(rawValue: PQftype(pointer, Int32(column)))
  }

  func name(ofColumn column: Int) -> String {
    PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? "?"
  }

  func column(named name: String) -> Int? {
    (0..<columnCount).first { column in
      PQfname(pointer, Int32(column)).map { String(cString: $0) == name } ?? false
    }
  }

  /// Reads one value in place. The memory is valid inside `body`, during which the result is kept.
  @inline(__always)
  func decode<Value: PostgresDecodable>(row: Int, column: Int, as _: Value.Type) throws(PostgresError) -> Value {
    let isNull = PQgetisnull(pointer, Int32(row), Int32(column)) == 1
    let bytes =
      isNull
      ? nil
      : UnsafeRawBufferPointer(
        start: PQgetvalue(pointer, Int32(row), Int32(column)),
        count: Int(PQgetlength(pointer, Int32(row), Int32(column))))
    defer { withExtendedLifetime(self) {} }
    return try Value(PostgresValue(type: type(ofColumn: column), bytes: bytes))
  }

  /// A field of an error (PG_DIAG_…), which C has as character literals, and those are not imported.
  func errorField(_ field: Unicode.Scalar) -> String? {
    PQresultErrorField(pointer, Int32(field.value)).map { String(cString: $0) }
  }
}
