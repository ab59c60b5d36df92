// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres

/// Reads accounts.
public struct QuotaViews: Sendable {
  private let source: ReadSource

  public init(_ source: ReadSource) { self.source = source }

  public init(pool: PostgresPool) { self.init(.live(pool)) }

  public func account(_ id: UUID) async throws -> AccountItem? {
    try await source.query(Self.account(source.tables, id)).first.map(AccountItem.init)
  }

  /// Upper and lower case are one.
  public func account(email: String) async throws -> AccountItem? {
    try await source.query(Self.account(source.tables, email: email)).first.map(AccountItem.init)
  }

  /// All accounts, the oldest first: for administrators.
  ///
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func accounts(limit: Int = 50, after: String? = nil) async throws -> Page<AccountItem> {
    let cursor = try after.cursor(AccountCursor.self)
    let rows = try await source.query(Self.accounts(source.tables, limit: limit + 1, after: cursor))
    return Page(try rows.map(AccountItem.init), limit: limit) {
      AccountCursor(microseconds: Int64(($0.registeredAt.timeIntervalSince1970 * 1e6).rounded()), id: $0.id)
    }
  }

  static func account(_ tables: ReadTables, _ id: UUID) -> Query {
    "SELECT \(unescaped: AccountItem.columns) FROM \(unescaped: tables.account) WHERE owner = \(id)"
  }

  static func account(_ tables: ReadTables, email: String) -> Query {
    """
    SELECT \(unescaped: AccountItem.columns)
    FROM \(unescaped: tables.account)
    WHERE lower(email) = lower(\(email))
    ORDER BY registered_at
    LIMIT 1
    """
  }

  static func accounts(_ tables: ReadTables, limit: Int, after: AccountCursor?) -> Query {
    let time =
      after.map { Date(timeIntervalSince1970: Double($0.microseconds) / 1e6) } ?? .init(timeIntervalSince1970: 0)
    return """
      SELECT \(unescaped: AccountItem.columns)
      FROM \(unescaped: tables.account)
      WHERE (registered_at, owner) > (\(time), \(after?.id ?? .zero))
      ORDER BY registered_at, owner
      LIMIT \(limit)
      """
  }
}

struct AccountCursor: ListCursor, Equatable {
  static let list = "accounts"

  /// Of the registration, since 1970: the column's own precision.
  var microseconds: Int64
  var id: UUID
}
