// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Where views read: the live tables, or those of a moment in the past (``TimeTravel``).
public struct ReadSource: Sendable {
  let tables: ReadTables
  let query: @Sendable (Query) async throws -> PostgresRows
  /// The same for a look-up of many rows by an index.
  ///
  /// Its plan is kept for as long as the connection, and is made when the table may still be empty: left to itself it would read the whole
  /// table for ever.
  let lookUp: @Sendable (Query) async throws -> PostgresRows

  public static func live(_ pool: PostgresPool) -> ReadSource {
    ReadSource(tables: .live) {
      try await pool.query($0)
    } lookUp: {
      try await pool.pipeline([byIndex, $0])[1]
    }
  }

  /// - Parameter connection: inside the transaction that has folded the tables.
  static func past(on connection: PostgresConnection) -> ReadSource {
    let query: @Sendable (Query) async throws -> PostgresRows = { try await connection.query($0) }
    return ReadSource(tables: .past, query: query, lookUp: query)
  }

  private init(
    tables: ReadTables, query: @escaping @Sendable (Query) async throws -> PostgresRows,
    lookUp: @escaping @Sendable (Query) async throws -> PostgresRows
  ) {
    self.tables = tables
    self.query = query
    self.lookUp = lookUp
  }

  /// Until the end of the transaction.
  private static let byIndex: Query = "SELECT set_config('enable_seqscan', 'off', true)"
}
