// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Logging
import Postgres

extension Rebuild {
  /// One rebuild, on one connection.
  struct Run {
    let projection: any Projection
    let connection: PostgresConnection
    let log: any EventLog
    let logger: Logger
    let start = ContinuousClock.now

    private var name: String { projection.name }
    private var next: String { "\(projection.name)_next" }

    func run(_ progress: (RebuildProgress) -> Void) async throws -> RebuildReport {
      _ = try await connection.execute(Checkpoint.create(name, version: projection.version))
      _ = try await connection.query(Statements.begin(name))
      do {
        let position = try await catchUp(progress)
        return try await finish(from: position)
      } catch {
        // Cancelled or not, what was begun goes. If not even that is possible, the next rebuild begins with it.
        let discarding = Task { _ = try await connection.query(Statements.discard(name)) }
        if case .failure(let failure) = await discarding.result {
          logger.warning("The tables of a failed rebuild remain", metadata: ["error": "\(failure)"])
        }
        throw error
      }
    }

    /// Folds to where the live tables are, again and again as they move on, until less than a batch is left for the switch.
    private func catchUp(_ progress: (RebuildProgress) -> Void) async throws -> Position {
      var position = Position.start
      var end = try await target()
      while end.rawValue - position.rawValue > Int64(Rebuild.batchSize) / 2 {
        position = try await replay(from: position, through: end, progress)
        end = try await target()
      }
      _ = try await connection.query(Statements.analyze(name))
      return position
    }

    /// Where the live tables are; the end of the log when there are none.
    private func target() async throws -> Position {
      let rows = try await connection.pipeline([Checkpoint.read(name), Statements.isComplete(name)])
      guard let row = rows[0].first, try rows[1].first?.decode(0, as: Bool.self) == true else {
        return try await log.head()
      }
      return try Checkpoint(row).position
    }

    /// Reads ahead while it folds.
    private func replay(
      from position: Position, through end: Position, _ progress: (RebuildProgress) -> Void
    ) async throws -> Position {
      var page = try await page(after: position, through: end)
      while true {
        let through = page.through
        async let following = self.page(after: through, through: end)
        try await connection.transaction(FoldTransaction.options) { connection in
          _ = try await connection.query(FoldTransaction.prepare(schema: next))
          try await projection.apply(page.events, on: connection)
        }
        progress(progressReport(at: through, of: end))
        guard through < end else { return through }
        page = try await following
      }
    }

    /// The wanted events up to `end` and no further: the live tables do not know more.
    private func page(after position: Position, through end: Position) async throws -> EventPage {
      guard position < end else { return EventPage(events: [], through: end, isLast: true) }
      var page = try await log.page(after: position, limit: Rebuild.batchSize, filter: .types(projection.eventTypes))
      if page.through > end {
        page.events.removeAll { $0.position > end }
        page.through = end
      }
      return page
    }

    private func finish(from position: Position) async throws -> RebuildReport {
      try await connection.transaction(FoldTransaction.options) { connection in
        // Comparing reads every row of both; the runners wait for the lock meanwhile, and readers do not.
        _ = try await connection.pipeline([
          FoldTransaction.prepare(schema: next), Statements.withoutTimeout, Checkpoint.lock(name),
        ])
        let end = try await target()
        var page = EventPage(events: [], through: position, isLast: false)
        while page.through < end {
          page = try await self.page(after: page.through, through: end)
          if !page.events.isEmpty { try await projection.apply(page.events, on: connection) }
        }
        let folding = start.duration(to: .now)
        let rebuilt = try await tables(of: next)
        let comparison = try await compare(with: rebuilt)
        _ = try await connection.pipeline([
          Statements.finish(name), Checkpoint.replace(name, version: projection.version, position: end),
        ])
        return RebuildReport(
          projection: name, position: end, tables: rebuilt.tables, digest: rebuilt.digest, comparison: comparison,
          duration: start.duration(to: .now), eventsPerSecond: Double(end.rawValue) / max(folding / .seconds(1), 1e-6))
      }
    }

    private func compare(with rebuilt: Tables) async throws -> RebuildReport.Comparison {
      let isComplete = try await connection.query(Statements.isComplete(name)).first?.decode(0, as: Bool.self)
      guard isComplete == true else { return .nothingLive }
      if try await tables(of: name).digest == rebuilt.digest { return .equal }
      let rows = try await connection.query(Statements.differences(name, limit: 20))
      return .different(
        rows: try rows.first?.decode(3, as: Int64.self) ?? 0,
        first: try rows.map { row in
          let (table, live, rebuilt, _) = try row.decode((String, String?, String?, Int64).self)
          return RebuildReport.Difference(table: table, live: live, rebuilt: rebuilt)
        })
    }

    private struct Tables {
      var tables: [RebuildReport.Table]
      var digest: Digest
    }

    private func tables(of schema: String) async throws -> Tables {
      let rows = try await connection.query(Statements.digests(of: name, in: schema))
      // A projection without tables has no blueprint, which the database refuses.
      let whole = try rows.first?.decode(3, as: String.self) ?? ""
      let tables = try rows.map { row in
        let (table, count, digest, _) = try row.decode((String, Int64, String, String).self)
        return RebuildReport.Table(name: table, rows: count, digest: try Digest.read(digest))
      }
      return Tables(tables: tables, digest: try Digest.read(whole))
    }

    private func progressReport(at position: Position, of end: Position) -> RebuildProgress {
      let seconds = start.duration(to: .now) / .seconds(1)
      let rate = seconds > 0 ? Double(position.rawValue) / seconds : 0
      return RebuildProgress(
        projection: name, position: position, head: end, eventsPerSecond: rate,
        timeLeft: rate > 0 ? .seconds(Double(end.rawValue - position.rawValue) / rate) : nil)
    }
  }
}
