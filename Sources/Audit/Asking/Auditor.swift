// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Postgres
import Projections

/// Answers what administrators ask the log, and tells the log that they asked.
///
/// The record is appended before the answer is given: nobody sees anything of which the log does not know.
public struct Auditor: Sendable {
  /// Who asks.
  public struct Asker: Sendable {
    /// Nil at the terminal, where there are no accounts.
    public var account: UUID?
    /// The request.
    public var correlationId: UUID?

    public init(account: UUID?, correlationId: UUID? = nil) {
      self.account = account
      self.correlationId = correlationId
    }
  }

  let log: any EventLog
  let search: EventSearch
  private let accounts: QuotaViews
  private let clock: LogClock

  public init(pool: PostgresPool, log: any EventLog) {
    self.log = log
    search = EventSearch(pool: pool, log: log)
    accounts = QuotaViews(pool: pool)
    clock = LogClock(pool: pool)
  }

  /// A part of the answer. It may hold fewer events than `limit`, or none, and still not be the last: see ``EventSearch``.
  ///
  /// - Parameter after: ``AuditPage/next`` of the part before.
  /// - Throws: ``AuditError``, `InvalidCursor`, or the database's error.
  public func page(
    _ filter: AuditFilter, order: AuditQueried.Order, format: AuditQueried.Format = .json, after: String? = nil,
    limit: Int, by asker: Asker
  ) async throws -> AuditPage {
    let cursor = try after.cursor(AuditCursor.self)
    let query = try await query(filter)
    let page = try await search.page(
      query, order.eventOrder, after: cursor.map { Position($0.position) }, limit: limit)
    try await record(
      AuditQueried(
        filter: AuditQueried.Filter(query), order: order, format: format, after: cursor?.position,
        given: page.events.count, through: page.through.rawValue), by: asker)
    return AuditPage(
      events: page.events, through: page.through,
      next: page.isLast ? nil : AuditCursor(position: page.through.rawValue).text)
  }

  /// One event; nil when the log does not reach so far.
  public func event(at position: Position, by asker: Asker) async throws -> RecordedEvent? {
    let event = try await log.events(at: [position]).first
    var filter = AuditQueried.Filter()
    (filter.from, filter.to) = (position.rawValue, position.rawValue)
    try await record(
      AuditQueried(
        filter: filter, order: .oldest, format: .json, given: event == nil ? 0 : 1, through: position.rawValue),
      by: asker)
    return event
  }

  func query(_ filter: AuditFilter) async throws -> EventQuery {
    try await filter.query(accounts: accounts, clock: clock)
  }

  /// - Returns: the id of the record.
  @discardableResult
  func record(_ event: some DomainEvent, causedBy cause: UUID? = nil, by asker: Asker) async throws -> UUID {
    let id = UUID.v7()
    let event = try NewEvent(
      event, id: id, actor: asker.account, correlationId: asker.correlationId, causationId: cause)
    _ = try await log.append(to: StreamName(category: "system", id: "audit"), expected: .any, [event])
    return id
  }
}

/// A part of the answer to a question.
public struct AuditPage: Sendable {
  public var events: [RecordedEvent]
  /// Everything up to this position, in the order asked for, was looked at.
  public var through: Position
  /// The cursor of the next part; nil at the end.
  public var next: String?
}

struct AuditCursor: ListCursor, Equatable {
  static let list = "audit"

  var position: Int64
}

extension AuditQueried.Order {
  var eventOrder: EventOrder { self == .newest ? .newestFirst : .oldestFirst }
}
