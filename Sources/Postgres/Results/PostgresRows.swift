// SPDX-License-Identifier: Apache-2.0

/// The rows that a statement gave. They stay in libpq's memory; values are decoded when they are asked for.
public struct PostgresRows: Sendable, RandomAccessCollection {
  private let result: PostgresResult

  init(_ result: PostgresResult) { self.result = result }

  /// How many rows the statement inserted, updated, deleted or selected.
  public var affectedRows: Int { result.affectedRows }

  public var startIndex: Int { 0 }
  public var endIndex: Int { result.rowCount }

  public subscript(position: Int) -> PostgresRow {
    precondition(indices.contains(position), "row \(position) of \(result.rowCount)")
    return PostgresRow(result: result, index: position)
  }

  public var columnNames: [String] { (0..<result.columnCount).map(result.name(ofColumn:)) }

  /// Each row as one tuple.
  public func decode<each Column: PostgresDecodable>(
    _ types: (repeat each Column).Type
  ) throws(PostgresError) -> [(repeat each Column)] {
    var tuples: [(repeat each Column)] = []
    tuples.reserveCapacity(count)
    for row in self { tuples.append(try row.decode(types)) }
    return tuples
  }
}
