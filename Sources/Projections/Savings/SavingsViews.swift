// SPDX-License-Identifier: Apache-2.0

public import Domain
import EventStore
public import Foundation
public import Postgres

/// Reads how much is saved.
public struct SavingsViews: Sendable {
  private let source: ReadSource

  public init(_ source: ReadSource) { self.source = source }

  public init(pool: PostgresPool) { self.init(.live(pool)) }

  /// Zeroes for an owner without files.
  public func savings(owner: UUID) async throws -> Savings {
    try Self.savings(try await source.query(Self.savings(source.tables, owner: owner)))
  }

  /// Of the owner's files with some contents, those in the trash too, as in ``savings(owner:)``.
  public func savings(owner: UUID, of contents: [Digest]) async throws -> Savings {
    try Self.savings(
      try await source.query(Self.savings(source.tables, owner: owner, of: contents.map(\.description))))
  }

  /// Over all owners, each content once: for those who run the installation, because it tells of other users.
  public func installation() async throws -> Savings {
    try Self.savings(try await source.query(Self.installation(source.tables)))
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
  static func savings(_ tables: ReadTables, owner: UUID) -> Query {
    """
    SELECT coalesce(files, 0), coalesce(logical_bytes, 0), coalesce(unique_bytes, 0), coalesce(stored_bytes, 0), position
    FROM \(unescaped: tables.checkpoint)
    LEFT JOIN \(unescaped: tables.ownerSavings) ON owner = \(owner)
    WHERE name = 'savings'
    """
  }

  static func savings(_ tables: ReadTables, owner: UUID, of digests: [String]) -> Query {
    """
    SELECT coalesce(sum(files), 0)::bigint, coalesce(sum(files * size), 0)::bigint, coalesce(sum(size), 0)::bigint,
      coalesce(sum(coalesce(stored_bytes, size)), 0)::bigint, position
    FROM \(unescaped: tables.checkpoint)
    LEFT JOIN \(unescaped: tables.ownerContent) ON owner = \(owner) AND digest = ANY(\(digests)) AND files > 0
    WHERE name = 'savings'
    GROUP BY position
    """
  }

  static func installation(_ tables: ReadTables) -> Query {
    """
    SELECT coalesce(files, 0), coalesce(logical_bytes, 0), coalesce(unique_bytes, 0), coalesce(stored_bytes, 0), position
    FROM \(unescaped: tables.checkpoint)
    LEFT JOIN \(unescaped: tables.installationSavings) ON singleton
    WHERE name = 'savings'
    """
  }
}
