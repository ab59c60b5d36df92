// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres

/// What a transaction that folds needs to know before it begins.
enum FoldTransaction {
  /// Projections can be made again from the log: a commit that a crash of the server undoes is folded again.
  static let options = TransactionOptions(synchronousCommit: false)

  /// Names of tables mean those of `schema` from here to the end of the transaction.
  ///
  /// Statements are planned for the batch at hand: a plan for batches of any size expects ten rows, and compares thousands row by row.
  static func prepare(schema: String) -> Query {
    "SELECT set_config('search_path', quote_ident(\(schema)), true), set_config('plan_cache_mode', 'force_custom_plan', true)"
  }
}

/// A projection failed at its events, and not at reaching the database: the same batch would fail again.
struct FoldError: Error, CustomStringConvertible {
  /// Of the event that is to blame; nil when the database refused the batch without naming one.
  let position: Position?
  let underlying: any Error

  /// Without values of events, which may be personal.
  var description: String {
    guard let error = underlying as? PostgresError else { return "\(underlying)" }
    return error.message + (error.constraint.map { " [constraint \($0)]" } ?? "")
  }
}

extension Projection {
  /// Folds a batch inside a transaction that ``FoldTransaction/prepare(schema:)`` has begun.
  ///
  /// - Throws: ``FoldError`` when the same batch would fail again; other errors when it may succeed.
  func fold(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    try await take(batch) { part in
      try await apply(part, on: connection)
    } forget: { owner, _ in
      try await forget(owner, on: connection)
    }
  }

  /// Hands the batch to `body` in parts, and erasures between them to `forget`.
  ///
  /// - Throws: as ``fold(_:on:)``.
  func take(
    _ batch: [RecordedEvent], _ body: ([RecordedEvent]) async throws -> Void,
    forget: (UUID, Position) async throws -> Void
  ) async throws {
    guard !batch.isEmpty else { return }
    do {
      if Self.eventTypes != nil { try Self.requireKnownVersions(batch) }
      var start = 0
      // An erasure ends what came before it and not what comes after, so the batch is cut there. It hardly ever is.
      for index in batch.indices where batch[index].type == AccountErased.eventType {
        if index > start { try await body(Array(batch[start..<index])) }
        try await forget(Payload(batch[index]).uuid("accountId"), batch[index].position)
        start = index + 1
      }
      if start < batch.count { try await body(start == 0 ? batch : Array(batch[start...])) }
    } catch let error as PostgresError where error.isTransient || error.code == .cancelled || error.code == .closed {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch {
      throw FoldError(position: (error as? UnreadableEvent)?.position, underlying: error)
    }
  }

  private func forget(_ owner: UUID, on connection: PostgresConnection) async throws {
    for table in Self.ownerTables { _ = try await connection.execute(Self.delete(owner, from: table)) }
  }

  private static func delete(_ owner: UUID, from table: StaticString) -> Query {
    "DELETE FROM \(unescaped: table) WHERE owner = \(owner)"
  }

  /// Members may mean something else in a version that a newer program wrote.
  private static func requireKnownVersions(_ batch: [RecordedEvent]) throws(UnreadableEvent) {
    // By index: an event that is copied out costs more than what is asked of it.
    for index in batch.indices {
      let version = batch[index].schemaVersion
      guard let known = EventCatalog.versions[batch[index].type], !known.contains(version) else { continue }
      throw UnreadableEvent(
        batch[index], "it has schema version \(version), and this program reads version \(known.upperBound)")
    }
  }
}

extension EventPage {
  /// Folds the events in the largest steps that succeed: a part that fails is cut smaller, until the event that makes it fail is alone.
  ///
  /// - Returns: the events that failed alone, in order.
  /// - Throws: errors that say nothing about the events.
  func foldPatiently(_ step: (EventPage) async throws -> Void) async throws -> [(RecordedEvent, FoldError)] {
    guard !events.isEmpty else { return [] }
    do {
      try await step(self)
      return []
    } catch let error as FoldError {
      if events.count == 1 { return [(events[0], error)] }
      var failed: [(RecordedEvent, FoldError)] = []
      for part in split(at: error.position) {
        failed += try await part.foldPatiently(step)
        // More than may be parked are looked for in vain.
        if failed.count > PoisonPolicy.limit { break }
      }
      return failed
    }
  }

  /// Smaller pages that are this one together: what comes before an event, it alone, and what follows; halves when nobody knows which.
  ///
  /// - Precondition: it has two events or more.
  func split(at position: Position?) -> [EventPage] {
    let index = events.firstIndex { $0.position == position }
    let cuts = index.map { [0, $0, $0 + 1, events.count] } ?? [0, events.count / 2, events.count]
    let parts = zip(cuts, cuts.dropFirst()).map { events[$0..<$1] }.filter { !$0.isEmpty }
    return parts.enumerated().map { number, part in
      let isLastPart = number == parts.count - 1
      return EventPage(
        events: Array(part), through: isLastPart ? through : part.last?.position ?? through,
        isLast: isLastPart && isLast)
    }
  }
}
