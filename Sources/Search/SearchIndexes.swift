// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
public import Postgres

/// How far an index in OpenSearch has followed the log.
public struct SearchIndexStatus: Sendable, Equatable {
  public let name: String
  public let position: Position
  /// Whether it is asked; otherwise it is being filled, to take its place.
  public let isLive: Bool
  public let createdAt: Date
}

/// The indexes that this installation knows.
public struct SearchIndexes: Sendable {
  let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// The oldest first.
  public func all() async throws -> [SearchIndexStatus] {
    try await pool.query("SELECT name, position, is_live, created_at FROM search.index ORDER BY created_at, name").map {
      let (name, position, isLive, createdAt) = try $0.decode((String, Int64, Bool, Date).self)
      return SearchIndexStatus(name: name, position: Position(position), isLive: isLive, createdAt: createdAt)
    }
  }

  /// Asks for a new index, filled from the beginning of the log, that takes the place of the one that is asked. Whoever follows the log for OpenSearch
  /// makes it.
  /// - Returns: its name; that of one that is being filled already, if there is.
  public func rebuild(alias: String) async throws -> String {
    if let building = try await all().first(where: { !$0.isLive }) { return building.name }
    let name = Self.newName(alias)
    try await pool.execute("INSERT INTO search.index (name) VALUES (\(name))")
    return name
  }

  static func newName(_ alias: String, at time: Date = Date()) -> String {
    "\(alias)-\(Int64(time.timeIntervalSince1970 * 1000))"
  }
}
