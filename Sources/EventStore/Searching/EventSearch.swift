// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// Looks for events by everything their envelope says, and by what their payload reads.
///
/// However rare what is looked for, and however long the log, one call looks at a bounded number of events and says how far it has come:
/// the next call goes on from there. Where several indexes serve, the one is taken that gets farthest with the same number of rows; that
/// is found by asking each, not by the planner's guess.
public struct EventSearch: Sendable {
  /// What one call looks at, at most.
  struct Limits: Sendable {
    /// Events found by an index that are compared with the other conditions.
    var budget = 2000
    /// Payloads that are searched for a text.
    var readings = 2000
    /// How many of them are read at a time.
    var readAhead = 200
  }

  private let pool: PostgresPool
  private let log: any EventLog
  private let limits: Limits

  /// - Parameter log: reads what was found, as any reader sees it.
  public init(pool: PostgresPool, log: any EventLog) { self.init(pool: pool, log: log, limits: Limits()) }

  init(pool: PostgresPool, log: any EventLog, limits: Limits) {
    self.pool = pool
    self.log = log
    self.limits = limits
  }

  /// Up to `limit` events in the order asked for, after those of the part before.
  ///
  /// - Parameter cursor: ``EventSearchPage/through`` of the part before.
  public func page(
    _ query: EventQuery, _ order: EventOrder, after cursor: Position? = nil, limit: Int
  ) async throws -> EventSearchPage {
    precondition(limit > 0, "a page without room tells nothing")
    // Before anything else: what comes after it is of another call, also when it is the first of its type.
    let head = try await log.head()
    var span = EventSpan(query, order, upTo: head, after: cursor)
    var page = EventSearchPage(events: [], through: span.end, isLast: true)
    let types = try await types(query)
    guard query.text != nil else {
      let look = try await look(query, types, in: span, limit: limit)
      page.events = try await events(look, order)
      (page.through, page.isLast) = (look.through, look.isLast)
      return page
    }
    var left = limits.readings
    repeat {
      let look = try await look(query, types, in: span, limit: min(limits.readAhead, left))
      for event in try await events(look, order) where query.matchesText(event) {
        page.events.append(event)
        guard page.events.count < limit else {
          (page.through, page.isLast) = (event.position, false)
          return page
        }
      }
      (page.through, page.isLast) = (look.through, look.isLast)
      left -= look.positions.count
      span.move(past: look.through)
      // A look that found fewer than it might has spent its budget: that is enough for one call.
      guard look.positions.count == limits.readAhead else { break }
    } while !page.isLast && left > 0
    return page
  }

  private struct Look {
    /// In the order asked for.
    var positions: [Position]
    var through: Position
    var isLast: Bool
  }

  private func look(_ query: EventQuery, _ types: [String]?, in span: EventSpan, limit: Int) async throws -> Look {
    guard !span.isEmpty, types?.isEmpty != true else { return Look(positions: [], through: span.end, isLast: true) }
    let sources = EventSource.serving(query, types: types)
    let source = sources.count == 1 ? sources[0] : try await farthest(of: sources, in: span)
    let budget = query.isOfOneCondition ? limit : max(limits.budget, limit)
    let rows = try await pool.query(
      Statements.look(source, query, types: types, in: span, budget: budget, limit: limit))
    guard let (reach, found) = try rows.first?.decode((Int64?, [Int64]).self) else {
      return Look(positions: [], through: span.end, isLast: true)
    }
    let positions = found.map { Position($0) }
    if positions.count == limit, let last = positions.last {
      return Look(positions: positions, through: last, isLast: false)
    }
    return Look(positions: positions, through: reach.map { Position($0) } ?? span.end, isLast: reach == nil)
  }

  /// The source of which a budget of events gets the farthest.
  private func farthest(of sources: [EventSource], in span: EventSpan) async throws -> EventSource {
    let results = try await pool.pipeline(sources.map { Statements.reach(of: $0, in: span, budget: limits.budget) })
    var best = (source: sources[0], reach: Position?.none)
    for (index, (source, rows)) in zip(sources, results).enumerated() {
      // No reach: it has nothing more, and is looked through whole.
      guard let reach = try rows.first?.decode(0, as: Int64?.self) else { return source }
      if index == 0 || span.order.isFarther(Position(reach), than: best.reach ?? .start) {
        best = (source, Position(reach))
      }
    }
    return best.source
  }

  private func events(_ look: Look, _ order: EventOrder) async throws -> [RecordedEvent] {
    let events = try await log.events(at: look.positions)
    return order == .newestFirst ? events.reversed() : events
  }

  /// What types and category come to together; nil when neither restricts.
  private func types(_ query: EventQuery) async throws -> [String]? {
    guard let category = query.category else { return query.types?.sorted() }
    let seen = try await pool.query(Statements.types(of: category)).map { try $0.decode(0, as: String.self) }
    return query.types.map { wanted in seen.filter(wanted.contains) } ?? seen
  }
}

/// A part of what a search found.
public struct EventSearchPage: Hashable, Sendable {
  public var events: [RecordedEvent]
  /// Everything between the cursor and this position, in the order asked for, was looked at: the cursor of the next part.
  public var through: Position
  /// There is nothing more to look at now.
  public var isLast: Bool
}
