// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
import Foundation

/// The whole answer to a question, part by part. The log knows that it was asked for; when it ends, the log is told how it ended.
public struct AuditExport: Sendable {
  /// How many events are held at a time.
  static let batchSize = 500

  let auditor: Auditor
  let query: EventQuery
  let order: EventOrder
  /// The record of the question.
  let id: UUID
  let asker: Auditor.Asker

  /// Gives the events to `write` batch by batch, as fast as it takes them.
  ///
  /// - Returns: how many events were given, and how far they go.
  /// - Throws: what `write` throws, or the database's error; the log is told in either case.
  @discardableResult @concurrent
  public func run(
    _ write: @concurrent ([RecordedEvent]) async throws -> Void
  ) async throws -> (given: Int, through: Position) {
    var (given, through) = (0, Position.start)
    do {
      var page: EventSearchPage
      var cursor: Position?
      repeat {
        page = try await auditor.search.page(query, order, after: cursor, limit: Self.batchSize)
        if !page.events.isEmpty { try await write(page.events) }
        given += page.events.count
        through = page.through
        cursor = page.through
      } while !page.isLast
    } catch {
      let ended = AuditExported(given: given, through: through.rawValue, complete: false)
      // Whoever reads has gone, and with them this task: the record must be made all the same.
      _ = await Task { try await auditor.record(ended, causedBy: id, by: asker) }.result
      throw error
    }
    try await auditor.record(
      AuditExported(given: given, through: through.rawValue, complete: true), causedBy: id, by: asker)
    return (given, through)
  }
}

extension Auditor {
  /// Begins an export of everything up to the head of this moment, and records that it was asked for.
  ///
  /// - Throws: ``AuditError``, or the database's error.
  public func export(
    _ filter: AuditFilter, order: AuditQueried.Order, format: EventFormat, by asker: Asker
  ) async throws -> AuditExport {
    var query = try await query(filter)
    let asked = AuditQueried.Filter(query)
    // What comes later, its own records among it, is not of this answer.
    query.to = min(query.to, try await log.head())
    let id = try await record(AuditQueried(filter: asked, order: order, format: format.recorded), by: asker)
    return AuditExport(auditor: self, query: query, order: order.eventOrder, id: id, asker: asker)
  }

  /// Gives what is recorded after a position, and then what comes, until the task is cancelled.
  ///
  /// - Throws: ``AuditError``, what `write` throws, or the database's error.
  public func follow(
    _ filter: AuditFilter, after position: Position, format: AuditQueried.Format, by asker: Asker,
    _ write: ([RecordedEvent]) async throws -> Void
  ) async throws {
    let query = try await query(filter)
    let id = try await record(
      AuditQueried(filter: AuditQueried.Filter(query), order: .oldest, format: format, after: position.rawValue),
      by: asker)
    var (given, through) = (0, position)
    let result: Result<Void, any Error>
    do {
      while !Task.isCancelled {
        let page = try await search.page(query, .oldestFirst, after: through, limit: AuditExport.batchSize)
        if !page.events.isEmpty { try await write(page.events) }
        given += page.events.count
        through = max(through, page.through)
        if page.isLast { await log.wait(past: through, timeout: .seconds(1)) }
      }
      result = .success(())
    } catch {
      result = Task.isCancelled ? .success(()) : .failure(error)
    }
    let ended = AuditExported(given: given, through: through.rawValue, complete: false)
    // Being cancelled is how following ends.
    _ = await Task { try await record(ended, causedBy: id, by: asker) }.result
    try result.get()
  }
}
