// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
import Postgres

/// The last rebuild of a projection, as every process can see it.
public struct RebuildStatus: Equatable, Sendable {
  public enum State: String, Sendable, Codable {
    /// A process with the projections' role will begin it.
    case requested
    case folding, indexing, comparing
    case done, failed
  }

  public var projection: String
  public var state: State
  public var position: Position
  public var target: Position
  public var eventsPerSecond: Double
  /// Nil for one that somebody runs by hand.
  public var requestedAt: Date?
  public var updatedAt: Date
  public var finishedAt: Date?
  /// Of all new tables; nil before it is done.
  public var rows: Int64?
  /// Rows unlike the live ones; nil before it is done, and when there was nothing to compare with.
  public var differing: Int64?
  public var error: String?

  public var isUnderWay: Bool { state != .done && state != .failed }

  /// For folding; nil otherwise, and before there is a rate.
  public var timeLeft: Duration? {
    guard state == .folding else { return nil }
    return RebuildProgress(
      projection: projection, state: state, position: position, target: target, eventsPerSecond: eventsPerSecond
    ).timeLeft
  }
}

extension RebuildStatus {
  static let columns: StaticString =
    "name, state, position, target, events_per_second, requested_at, updated_at, finished_at, rows, differing, error"

  init(_ row: PostgresRow) throws(PostgresError) {
    let (word, place, goal): (String, Int64, Int64)
    (projection, word, place, goal, eventsPerSecond, requestedAt, updatedAt, finishedAt, rows, differing, error) =
      try row.decode(
        (String, String, Int64, Int64, Double, Date?, Date, Date?, Int64?, Int64?, String?).self)
    state = try State.read(word)
    position = Position(place)
    target = Position(goal)
  }
}

/// Tables that the last rebuild replaced, and to which one can return for a while.
public struct PreviousTables: Equatable, Sendable {
  public var projection: String
  public var version: Int
  /// Up to which they are folded.
  public var position: Position
  public var replacedAt: Date
}

extension PreviousTables {
  static let all: Query = "SELECT name, version, position, replaced_at FROM projection.previous ORDER BY name"

  static func read(_ name: String) -> Query {
    "SELECT name, version, position, replaced_at FROM projection.previous WHERE name = \(name)"
  }

  init(_ row: PostgresRow) throws(PostgresError) {
    let (number, place): (Int32, Int64)
    (projection, number, place, replacedAt) = try row.decode((String, Int32, Int64, Date).self)
    version = Int(number)
    position = Position(place)
  }
}
