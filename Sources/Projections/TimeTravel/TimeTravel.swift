// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
public import Postgres

/// Answers what an account would have seen at a moment in the past.
///
/// The account's events up to that moment are folded, by the same fold that keeps the live tables, into empty ones that only this
/// transaction sees; the same statements read them; then the transaction is rolled back. So there is no second telling of what a user
/// sees that could differ from the first. It costs a fold of the account's events, found by its index, and is bounded by ``Limits``.
public struct TimeTravel: Sendable {
  public struct Limits: Sendable {
    /// Events of the account that one answer may fold.
    public var events = 200_000
    /// For each statement.
    public var statement = Duration.seconds(10)

    public init() {}
  }

  /// Events folded by one statement.
  static let batchSize = 5000

  private let pool: PostgresPool
  private let log: any EventLog
  private let clock: LogClock
  private let limits: Limits

  /// - Parameter pool: each answer holds one of its connections, so its size is the number of answers that are made at a time. It should
  ///   not be the pool that live reads wait for.
  public init(pool: PostgresPool, log: any EventLog, limits: Limits = Limits()) {
    self.pool = pool
    self.log = log
    clock = LogClock(pool: pool)
    self.limits = limits
  }

  /// Runs `body` on what a projection's tables held for this owner.
  ///
  /// - Throws: ``TimeTravelError``, what `body` throws, or the database's error.
  public func visit<Output>(
    _ moment: Moment, of owner: UUID, folding projection: any Projection,
    _ body: (ReadSource) async throws -> Output
  ) async throws -> Output {
    let position = try await position(of: moment)
    let registered = try await registration(of: owner, by: position)
    return try await pool.withConnection { connection in
      try await connection.discardedTransaction { connection in
        do {
          _ = try await connection.pipeline([
            Self.createTables(projection.name), Self.limit(limits.statement),
            FoldTransaction.prepare(schema: "pg_temp"),
            Self.checkpoint(projection, at: position),
          ])
          try await fold(projection, of: owner, from: registered, through: position, on: connection)
          return try await body(.past(on: connection))
        } catch let error as PostgresError where error.code == .server && error.sqlState == "57014" {
          throw TimeTravelError.tooSlow(limit: limits.statement)
        }
      }
    }
  }

  private func position(of moment: Moment) async throws -> Position {
    let head = try await log.head()
    let position: Position
    switch moment {
    case .position(let wanted): position = wanted
    case .time(let time) where time > Date(): throw TimeTravelError.inTheFuture(head: head)
    case .time(let time): position = try await clock.position(at: time)
    }
    guard position <= head else { throw TimeTravelError.inTheFuture(head: head) }
    return position
  }

  /// Where the account begins: it owns nothing before that.
  private func registration(of owner: UUID, by moment: Position) async throws -> Position {
    let account = try await log.read(stream: StreamName(category: "account", id: owner), after: 0, limit: 1)
    guard let registered = account.first?.position, registered <= moment else {
      throw TimeTravelError.beforeTheAccount
    }
    return registered
  }

  private func fold(
    _ projection: any Projection, of owner: UUID, from start: Position, through end: Position,
    on connection: PostgresConnection
  ) async throws {
    var filter = projection.filter
    filter.owner = owner
    var page = EventPage(events: [], through: Position(start.rawValue - 1), isLast: false)
    var folded = 0
    while !page.isLast, page.through < end {
      // No more than there can be.
      let limit = min(Self.batchSize, Int(end.rawValue - page.through.rawValue))
      page = try await log.page(after: page.through, limit: limit, filter: filter)
      page.events = Array(page.events.prefix { $0.position <= end })
      folded += page.events.count
      guard folded <= limits.events else { throw TimeTravelError.tooMuchHistory(limit: limits.events) }
      try await fold(page, projection, on: connection)
    }
  }

  /// Passes by what the live tables pass by: events that cannot be folded.
  private func fold(_ page: EventPage, _ projection: any Projection, on connection: PostgresConnection) async throws {
    guard !page.events.isEmpty else { return }
    do {
      try await connection.savepoint { try await projection.fold(page.events, on: $0) }
    } catch let error as FoldError {
      // Time that is up says nothing about the events.
      if let error = error.underlying as? PostgresError, error.sqlState == "57014" { throw error }
      guard page.events.count > 1 else { return }
      for part in page.split(at: error.position) { try await fold(part, projection, on: connection) }
    }
  }

  static func createTables(_ projection: String) -> Query { "SELECT projection.create_temporary(\(projection))" }

  static func limit(_ timeout: Duration) -> Query {
    "SELECT set_config('statement_timeout', \(String(Int(timeout / .milliseconds(1)))), true)"
  }

  /// Views tell with their answers how far the tables are.
  static func checkpoint(_ projection: any Projection, at position: Position) -> Query {
    """
    INSERT INTO pg_temp.checkpoint (name, version, position)
    VALUES (\(projection.name), \(Int32(projection.version)), \(position.rawValue))
    """
  }
}
