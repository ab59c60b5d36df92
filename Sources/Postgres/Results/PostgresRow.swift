// SPDX-License-Identifier: Apache-2.0

/// One row of ``PostgresRows``.
public struct PostgresRow: Sendable {
  let result: PostgresResult
  let index: Int

  /// All columns in their order: `let (id, path) = try row.decode((UUID, String).self)`.
  ///
  /// - Throws: `.decoding`, naming the column; also when there are more or fewer columns than types.
  public func decode<each Column: PostgresDecodable>(
    _: (repeat each Column).Type
  ) throws(PostgresError) -> (repeat each Column) {
    var column = 0
    func next<Value: PostgresDecodable>(_: Value.Type) throws(PostgresError) -> Value {
      defer { column += 1 }
      return try decode(column, as: Value.self)
    }
    var expected = 0
    for _ in repeat (each Column).self { expected += 1 }
    guard expected == result.columnCount else {
      throw PostgresError(.decoding, "the row has \(result.columnCount) columns, not \(expected)")
    }
    return (repeat try next((each Column).self))
  }

  /// One column, counted from 0.
  public func decode<Value: PostgresDecodable>(
    _ column: Int, as _: Value.Type = Value.self
  ) throws(PostgresError) -> Value {
    guard (0..<result.columnCount).contains(column) else {
      throw PostgresError(.decoding, "there is no column \(column), only \(result.columnCount)")
    }
    do throws(PostgresError) {
      return try result.decode(row: index, column: column, as: Value.self)
    } catch {
      var located = error
      located.message += " (column \(column), \"\(result.name(ofColumn: column))\")"
      throw located
    }
  }

  /// One column by its name. Looks the name up each time: prefer positions in loops.
  public func decode<Value: PostgresDecodable>(
    _ name: String, as _: Value.Type = Value.self
  ) throws(PostgresError) -> Value {
    guard let column = result.column(named: name) else {
      throw PostgresError(.decoding, "there is no column \"\(name)\"")
    }
    return try decode(column, as: Value.self)
  }
}
