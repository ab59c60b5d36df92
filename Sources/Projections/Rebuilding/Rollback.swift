// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Logging
import Postgres

/// Exchanges the live tables of a projection for those that its last rebuild replaced, on a connection of its own.
///
/// First the earlier tables are brought to where the live ones are, so that nobody who has seen a position is shown less. All of it is one
/// transaction: whatever cuts it off, both sets stand where they stood.
struct Rollback {
  let projection: any Projection
  let log: any EventLog
  let connection: PostgresConnection

  private static let batchSize = 20_000

  private var name: String { projection.name }

  /// - Throws: ``RebuildError``, the database's error, or what the projection throws at an event.
  func run() async throws {
    let isFree = try await connection.query(Rebuild.Statements.tryLock(name)).first?.decode(0, as: Bool.self)
    guard isFree == true else { throw RebuildError.alreadyRunning(projection: name) }
    guard let previous = try await connection.query(PreviousTables.read(name)).first.map(PreviousTables.init) else {
      throw RebuildError.nothingToRollBackTo(projection: name)
    }
    try await connection.transaction(FoldTransaction.options) { connection in
      _ = try await connection.query(FoldTransaction.prepare(schema: "\(name)_previous"))
      var (position, parked) = (previous.position, [ParkedEvent]())
      // This program knows how to fold into tables of its own version alone; others catch up when theirs runs.
      if previous.version == projection.version {
        // Most of it while the live tables go on, the rest while they stand still.
        try await fold(from: &position, through: try await checkpoint(Checkpoint.read(name)).position, &parked)
        try await fold(from: &position, through: try await checkpoint(Checkpoint.lock(name)).position, &parked)
      }
      _ = try await connection.query(Rebuild.Statements.rollBack(name))
      _ = try await connection.execute(Checkpoint.move(name, to: position))
      let generation = try await checkpoint(Checkpoint.read(name)).generation
      if !parked.isEmpty {
        _ = try await connection.execute(ParkedEvents.Statements.park(parked, generation: generation))
      }
    }
  }

  private func checkpoint(_ query: Query) async throws -> Checkpoint {
    guard let row = try await connection.query(query).first else {
      throw PostgresError(.decoding, "the checkpoint \"\(name)\" vanished")
    }
    return try Checkpoint(row)
  }

  /// What the live tables have parked since may be parked here; they have folded the rest.
  private func fold(from position: inout Position, through end: Position, _ parked: inout [ParkedEvent]) async throws {
    let known = try await connection.query(ParkedEvents.Statements.positions(name)).map { Position(try $0.decode(0)) }
    while position < end {
      let page = try await log.page(after: position, limit: Self.batchSize, filter: projection.filter)
      let through = min(page.through, end)
      let wanted = EventPage(events: page.events.filter { $0.position <= end }, through: through, isLast: false)
      for (event, error) in try await wanted.foldPatiently({ part in
        try await connection.savepoint { connection in try await projection.fold(part.events, on: connection) }
      }) {
        guard known.contains(event.position) else {
          throw UnfoldableEvent(position: event.position, type: event.type, underlying: error)
        }
        parked.append(ParkedEvent(event, in: projection, error: error, attempts: 1))
      }
      position = through
    }
  }
}
