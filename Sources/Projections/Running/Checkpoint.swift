// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
import Postgres

/// How far a projection has folded the log.
public struct Checkpoint: Equatable, Sendable {
  public var name: String
  /// Of the projection that wrote the tables.
  public var version: Int
  /// Everything up to and including it is in the tables.
  public var position: Position
  public var updatedAt: Date
  /// Of the tables: a rebuild begins a new one, and rolling back returns to an earlier one.
  public var generation: Int64
  /// Why the projection has stopped after ``position``; nil while it runs.
  public var error: String?
}

extension Checkpoint {
  init(_ row: PostgresRow) throws(PostgresError) {
    let (version, position): (Int32, Int64)
    (name, version, position, updatedAt, generation, error) = try row.decode(
      (String, Int32, Int64, Date, Int64, String?).self)
    self.version = Int(version)
    self.position = Position(position)
  }

  private static let columns: StaticString = "name, version, position, updated_at, generation, error"

  static let all: Query = "SELECT \(unescaped: columns) FROM projection.checkpoint ORDER BY name"

  static func read(_ name: String) -> Query {
    "SELECT \(unescaped: columns) FROM projection.checkpoint WHERE name = \(name)"
  }

  /// Waits until nobody else folds this projection.
  static func lock(_ name: String) -> Query {
    "SELECT \(unescaped: columns) FROM projection.checkpoint WHERE name = \(name) FOR UPDATE"
  }

  /// No row when somebody else folds this projection, or replaces its tables.
  static func tryLock(_ name: String) -> Query {
    """
    SELECT \(unescaped: columns)
    FROM projection.checkpoint
    WHERE name = \(name)
    FOR UPDATE SKIP LOCKED
    """
  }

  /// For a projection that is new, or whose row somebody deleted.
  static func create(_ name: String, version: Int) -> Query {
    "INSERT INTO projection.checkpoint (name, version) VALUES (\(name), \(Int32(version))) ON CONFLICT (name) DO NOTHING"
  }

  static func move(_ name: String, to position: Position) -> Query {
    """
    UPDATE projection.checkpoint
    SET position = \(position.rawValue), updated_at = now()
    WHERE name = \(name)
    """
  }

  /// - Parameter position: where the projection stands; if it has moved since, somebody else has folded what failed here.
  static func stop(_ name: String, at position: Position, error: String) -> Query {
    """
    UPDATE projection.checkpoint
    SET error = \(error), updated_at = now()
    WHERE name = \(name) AND position = \(position.rawValue)
    """
  }

  static func clearError(_ name: String) -> Query {
    "UPDATE projection.checkpoint SET error = NULL, updated_at = now() WHERE name = \(name) AND error IS NOT NULL"
  }
}
