// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

/// A projection that fills empty tables with a whole history faster than by folding it batch by batch.
///
/// New rows are copied into tables that have no index. What a batch says of rows of earlier batches cannot be looked up there: it is
/// staged, and merged into the rows once, when everything was read. The tables must come out as those of ``Projection/apply(_:on:)``.
///
/// Each staged row carries the position of the last event of its batch, which tells what came before an upload or an erasure.
protocol BulkLoading: Projection {
  /// Makes the staging tables: temporary, so that they are not logged and go with the connection.
  static var stagingTables: [Query] { get }

  /// Takes wanted events, in the order of their positions, as ``Projection/apply(_:on:)`` does.
  func load(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws

  /// Makes of all that was loaded and staged what it means. ``StagedErasures`` are for it to follow too.
  ///
  /// - Throws: ``UnmergeableRows``, or the database's error when rows break a constraint: folding batch by batch would have refused an event.
  func merge(on connection: PostgresConnection) async throws
}

/// Folding would have refused an event that loading has taken.
struct UnmergeableRows: Error {}

/// Owners that were erased in the middle of a history that is loaded in bulk.
enum StagedErasures {
  static let table: Query = "CREATE TEMPORARY TABLE staged_erasure (position bigint NOT NULL, owner uuid NOT NULL)"

  static func add(_ owner: UUID, at position: Position) -> Query {
    "INSERT INTO staged_erasure (position, owner) VALUES (\(position.rawValue), \(owner))"
  }

  /// Deletes the rows of a table that were there when their owner was erased. They know the position they came from.
  static func apply(to table: StaticString) -> Query {
    """
    DELETE FROM \(unescaped: table) AS row
    USING staged_erasure AS erasure
    WHERE row.owner = erasure.owner AND row.position < erasure.position
    """
  }
}

extension BulkLoading {
  /// What the connection of a rebuild needs before anything is loaded. It must not have used a temporary table before.
  static var beginLoading: [Query] { ["SET temp_buffers = '32MB'", StagedErasures.table] + stagingTables }

  /// Loads a batch, as ``Projection/fold(_:on:)`` folds it.
  func loadWhole(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    try await take(batch) { part in
      try await load(part, on: connection)
    } forget: { owner, position in
      _ = try await connection.execute(StagedErasures.add(owner, at: position))
    }
  }

  /// Merges inside a transaction that ``FoldTransaction/prepare(schema:)`` has begun.
  func mergeWhole(on connection: PostgresConnection) async throws {
    // Statements over everything, once: they hash and sort in memory where they can.
    _ = try await connection.execute("SET LOCAL work_mem = '64MB'")
    try await merge(on: connection)
  }
}
