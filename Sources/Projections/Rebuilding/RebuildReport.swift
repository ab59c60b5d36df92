// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore

/// How far a rebuild is.
public struct RebuildProgress: Equatable, Sendable {
  public var projection: String
  public var state: RebuildStatus.State
  /// Everything up to it is folded into the new tables.
  public var position: Position
  /// Where the rebuild has to get to, as far as is known now.
  public var target: Position
  /// Positions, since the rebuild began.
  public var eventsPerSecond: Double

  /// For folding, at this rate; nil before there is one.
  public var timeLeft: Duration? {
    eventsPerSecond > 0 ? .seconds(Double(max(0, target.rawValue - position.rawValue)) / eventsPerSecond) : nil
  }
}

/// What a rebuild has done, and whether it made the tables that were there before.
public struct RebuildReport: Equatable, Sendable {
  /// The rows of one table.
  public struct Table: Equatable, Sendable {
    public var name: String
    public var rows: Int64
    /// Over all rows, in no order.
    public var digest: Digest
  }

  /// A row that is not alike in both.
  public struct Difference: Equatable, Sendable {
    public var table: String
    /// The row as Postgres writes it; nil when only the rebuild has it.
    public var live: String?
    /// Nil when only the live table had it.
    public var rebuilt: String?
  }

  public enum Comparison: Equatable, Sendable {
    /// Row for row the same.
    case equal
    /// How many rows are not, and the first of them.
    case different(rows: Int64, first: [Difference])
    /// There was nothing to compare with: the live tables, or some of them, were gone.
    case nothingLive
  }

  public var projection: String
  /// Up to which the new tables were folded when they became live.
  public var position: Position
  public var tables: [Table]
  /// Over the digests of all tables.
  public var digest: Digest
  public var comparison: Comparison
  /// Events that could not be folded and were passed by.
  public var parked: Int
  public var duration: Duration
  /// Positions over the time it took to fold and index them, without comparing and switching.
  public var eventsPerSecond: Double

  public var rows: Int64 { tables.reduce(0) { $0 + $1.rows } }
}

/// The event at which a rebuild has failed.
public struct UnfoldableEvent: Error, CustomStringConvertible {
  public let position: Position
  public let type: String
  public let underlying: any Error

  public var description: String { "At position \(position), \(type): \(underlying)" }
}

/// Why there is no rebuild, or no way back from one.
public enum RebuildError: Error, Equatable, CustomStringConvertible {
  /// It is rebuilt now, or will be soon, by another process or another task of this one.
  case alreadyRunning(projection: String)
  case unknownProjection(String)
  /// No rebuild has replaced its tables, or the time in which they are kept is over.
  case nothingToRollBackTo(projection: String)

  public var description: String {
    switch self {
    case .alreadyRunning(let projection): "The projection \"\(projection)\" is being rebuilt already."
    case .unknownProjection(let name): "There is no projection \"\(name)\"."
    case .nothingToRollBackTo(let projection): "No earlier tables of the projection \"\(projection)\" are kept."
    }
  }
}
