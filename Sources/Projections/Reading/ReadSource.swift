// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Where views read: the live tables, or those of a moment in the past (``TimeTravel``).
public struct ReadSource: Sendable {
  let tables: ReadTables
  let query: @Sendable (Query) async throws -> PostgresRows

  public static func live(_ pool: PostgresPool) -> ReadSource {
    ReadSource(tables: .live) { try await pool.query($0) }
  }

  /// - Parameter connection: inside the transaction that has folded the tables.
  static func past(on connection: PostgresConnection) -> ReadSource {
    ReadSource(tables: .past) { try await connection.query($0) }
  }

  private init(tables: ReadTables, query: @escaping @Sendable (Query) async throws -> PostgresRows) {
    self.tables = tables
    self.query = query
  }
}
