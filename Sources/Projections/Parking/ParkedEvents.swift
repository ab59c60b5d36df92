// SPDX-License-Identifier: Apache-2.0

import EventStore
public import Foundation
public import Postgres

/// Reads what projections have passed by, and has it tried again: for those who run the installation.
public struct ParkedEvents: Sendable {
  /// Counting goes no further.
  public static let countLimit = 10_000

  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Of the live tables, the oldest first.
  ///
  /// - Parameters:
  ///   - projection: nil for all; `unrecognised` for the events of unknown types.
  ///   - after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    of projection: String? = nil, limit: Int = 50, after: String? = nil
  ) async throws -> Page<ParkedEvent> {
    let cursor = try after.cursor(ParkedCursor.self)
    let rows = try await pool.query(Statements.list(projection, after: cursor, limit: limit + 1))
    return Page(try rows.map(ParkedEvent.init), limit: limit) {
      ParkedCursor(position: $0.position, projection: $0.projection)
    }
  }

  /// By projection, up to ``countLimit``; a projection that has parked nothing is left out.
  public func counts() async throws -> [String: Int] {
    let rows = try await pool.query(Statements.counts(limit: Self.countLimit))
    return Dictionary(
      try rows.decode((String, Int64).self).map { ($0, Int($1)) }, uniquingKeysWith: { first, _ in first })
  }

  public enum Retry: Equatable, Sendable {
    /// The projection had stopped, and folds the event again in its place.
    case resumed
    /// A rebuild was asked for: only folding everything in order gives the rows that the log says.
    case rebuilding
  }

  /// Has a projection try again what it could not fold.
  ///
  /// - Throws: ``RebuildError/alreadyRunning(projection:)``, ``RebuildError/unknownProjection(_:)``, or the database's error.
  public func retry(_ projection: String, by account: UUID?) async throws -> Retry {
    let board = RebuildBoard(pool: pool)
    guard let checkpoint = try await CheckpointViews(pool: pool).checkpoint(projection) else {
      throw RebuildError.unknownProjection(projection)
    }
    if checkpoint.error != nil, try await pool.execute(Checkpoint.clearError(projection)) > 0 { return .resumed }
    try await board.request(projection, by: account)
    return .rebuilding
  }
}

struct ParkedCursor: ListCursor, Equatable {
  static let list = "parked"

  var position: Position
  var projection: String
}
