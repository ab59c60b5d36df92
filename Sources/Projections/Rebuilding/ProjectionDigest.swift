// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// The rows of a projection's live tables in one digest, by which two installations can be compared.
public struct ProjectionDigest: Sendable, Equatable {
  public var rows: Int64
  /// Over the digests of all tables. The same for the same rows, on the same major version of Postgres.
  public var digest: String

  /// As the connection's transaction sees them. Reads every row.
  public static func take(of name: String, on connection: PostgresConnection) async throws -> ProjectionDigest {
    let rows = try await connection.query(Rebuild.Statements.digests(of: name, in: name))
      .decode((String, Int64, String, String).self)
    return ProjectionDigest(rows: rows.reduce(0) { $0 + $1.1 }, digest: rows.first?.3 ?? "")
  }
}
