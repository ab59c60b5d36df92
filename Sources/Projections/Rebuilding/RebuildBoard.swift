// SPDX-License-Identifier: Apache-2.0

import EventStore
public import Foundation
public import Postgres

/// Where rebuilds are asked for and where they show how far they are: one row a projection, for all processes.
public struct RebuildBoard: Sendable {
  /// A rebuild whose process has not said anything for so long is taken for dead.
  static let silence = Duration.seconds(30)

  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// By name; a projection that was never rebuilt is left out.
  public func all() async throws -> [RebuildStatus] {
    try await pool.query(Statements.all).map(RebuildStatus.init)
  }

  /// Earlier tables that are kept.
  public func previous() async throws -> [PreviousTables] {
    try await pool.query(PreviousTables.all).map(PreviousTables.init)
  }

  /// Asks for a rebuild. A process with the projections' role begins it within a second or two, and again if that process dies.
  ///
  /// - Throws: ``RebuildError``, or the database's error.
  @discardableResult
  public func request(_ projection: String, by account: UUID?) async throws -> RebuildStatus {
    guard ProjectionCatalog.projection(named: projection) != nil else {
      throw RebuildError.unknownProjection(projection)
    }
    guard let row = try await pool.query(Statements.request(projection, by: account)).first else {
      throw RebuildError.alreadyRunning(projection: projection)
    }
    return try RebuildStatus(row)
  }

  /// The projections whose rebuild nobody has begun, or whose process is silent: whoever asks has them to do.
  func take() async throws -> [String] {
    let rows = try await pool.pipeline([Statements.failAbandoned, Statements.take])
    return try rows[1].map { try $0.decode(0) }
  }

  func began(_ projection: String, isRequested: Bool) async throws {
    _ = try await pool.execute(Statements.began(projection, isRequested: isRequested))
  }

  func moved(_ steps: [RebuildProgress]) async throws {
    _ = try await pool.execute(Statements.moved(steps))
  }

  func done(_ report: RebuildReport) async throws {
    let differing: Int64? =
      switch report.comparison {
      case .equal: 0
      case .different(let rows, _): rows
      case .nothingLive: nil
      }
    _ = try await pool.execute(
      Statements.done(report.projection, position: report.position, rows: report.rows, differing: differing))
  }

  func failed(_ projection: String, error: String) async throws {
    _ = try await pool.execute(Statements.failed(projection, error: error))
  }

  func askedAgain(_ projection: String) async throws {
    _ = try await pool.execute(Statements.askedAgain(projection))
  }

  enum Statements {
    static let all: Query = "SELECT \(unescaped: RebuildStatus.columns) FROM projection.rebuild ORDER BY name"

    /// No row when one is under way.
    static func request(_ name: String, by account: UUID?) -> Query {
      """
      INSERT INTO projection.rebuild AS last (name, state, requested_at, requested_by)
      VALUES (\(name), 'requested', now(), \(account))
      ON CONFLICT (name) DO UPDATE
      SET state = 'requested', requested_at = now(), requested_by = \(account), started_at = NULL, updated_at = now(),
        finished_at = NULL, position = 0, target = 0, events_per_second = 0, rows = NULL, differing = NULL, error = NULL
      WHERE last.state IN ('done', 'failed')
      RETURNING \(unescaped: RebuildStatus.columns)
      """
    }

    static let failAbandoned: Query = """
      UPDATE projection.rebuild
      SET state = 'failed', finished_at = now(), updated_at = now(), error = 'Its process ended before it did.'
      WHERE requested_at IS NULL AND state IN ('folding', 'indexing', 'comparing')
        AND updated_at < now() - make_interval(secs => \(silence / .seconds(1)))
      """

    static let take: Query = """
      UPDATE projection.rebuild
      SET state = 'folding', started_at = now(), updated_at = now(), position = 0
      WHERE name IN (
        SELECT name
        FROM projection.rebuild
        WHERE requested_at IS NOT NULL
          AND (
            state = 'requested'
            OR state IN ('folding', 'indexing', 'comparing')
              AND updated_at < now() - make_interval(secs => \(silence / .seconds(1)))
          )
        FOR UPDATE SKIP LOCKED
      )
      RETURNING name
      """

    static func began(_ name: String, isRequested: Bool) -> Query {
      """
      INSERT INTO projection.rebuild AS last (name, state, started_at)
      VALUES (\(name), 'folding', now())
      ON CONFLICT (name) DO UPDATE
      SET state = 'folding', requested_at = CASE WHEN \(isRequested) THEN last.requested_at END,
        requested_by = CASE WHEN \(isRequested) THEN last.requested_by END, started_at = now(), updated_at = now(),
        finished_at = NULL, position = 0, target = 0, events_per_second = 0, rows = NULL, differing = NULL, error = NULL
      """
    }

    static func moved(_ steps: [RebuildProgress]) -> Query {
      """
      UPDATE projection.rebuild
      SET state = step.state, position = step.position, target = step.target,
        events_per_second = step.events_per_second, updated_at = now()
      FROM unnest(
        \(steps.map(\.projection)), \(steps.map(\.state.rawValue)), \(steps.map(\.position.rawValue)),
        \(steps.map(\.target.rawValue)), \(steps.map(\.eventsPerSecond))
      ) AS step (name, state, position, target, events_per_second)
      WHERE rebuild.name = step.name AND rebuild.state IN ('folding', 'indexing', 'comparing')
      """
    }

    static func done(_ name: String, position: Position, rows: Int64, differing: Int64?) -> Query {
      """
      UPDATE projection.rebuild
      SET state = 'done', position = \(position.rawValue), target = \(position.rawValue), rows = \(rows),
        differing = \(differing), finished_at = now(), updated_at = now()
      WHERE name = \(name)
      """
    }

    static func failed(_ name: String, error: String) -> Query {
      """
      UPDATE projection.rebuild
      SET state = 'failed', error = \(error), finished_at = now(), updated_at = now()
      WHERE name = \(name)
      """
    }

    static func askedAgain(_ name: String) -> Query {
      "UPDATE projection.rebuild SET state = 'requested', position = 0, updated_at = now() WHERE name = \(name)"
    }
  }
}
