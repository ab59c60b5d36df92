// SPDX-License-Identifier: Apache-2.0

import EventStore
public import Foundation
public import Postgres

/// Reads how much is saved.
public struct SavingsViews: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Zeroes for an owner without files.
  public func savings(owner: UUID) async throws -> Savings {
    try Self.savings(try await pool.query(Self.savings(owner: owner)))
  }

  /// Over all owners, each content once: for those who run the installation, because it tells of other users.
  public func installation() async throws -> Savings {
    try Self.savings(try await pool.query(Self.installation))
  }

  private static func savings(_ rows: PostgresRows) throws -> Savings {
    guard let row = rows.first else {
      throw PostgresError(.decoding, "the projection \"\(SavingsProjection.name)\" has no checkpoint")
    }
    let (files, logical, unique, stored, position) = try row.decode((Int64, Int64, Int64, Int64, Int64).self)
    return Savings(
      files: files, logicalBytes: logical, uniqueBytes: unique, storedBytes: stored, position: Position(position))
  }

  /// One statement, so that numbers and position belong together.
  static func savings(owner: UUID) -> Query {
    """
    SELECT coalesce(files, 0), coalesce(logical_bytes, 0), coalesce(unique_bytes, 0), coalesce(stored_bytes, 0), position
    FROM projection.checkpoint
    LEFT JOIN savings.owner_savings ON owner = \(owner)
    WHERE name = 'savings'
    """
  }

  static let installation: Query = """
    SELECT coalesce(files, 0), coalesce(logical_bytes, 0), coalesce(unique_bytes, 0), coalesce(stored_bytes, 0), position
    FROM projection.checkpoint
    LEFT JOIN savings.installation_savings ON singleton
    WHERE name = 'savings'
    """
}
