// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Postgres

/// A fold of the log into tables that are read: a name, a version, the events it wants, and how a batch of them is folded.
///
/// Its tables live in the schema of its name, and are written by nobody else. They can be thrown away at any time: see ``Rebuild``.
public protocol Projection: Sendable {
  /// The schema, the checkpoint's name and the value of the metrics' label.
  static var name: String { get }

  /// Raised whenever the same events give other rows. The runner then stops until the projection was rebuilt.
  static var version: Int { get }

  /// Nil: every event.
  static var eventTypes: Set<String>? { get }

  /// The tables with a column `owner`, whose rows go when that owner is erased.
  static var ownerTables: [StaticString] { get }

  /// Folds wanted events, in the order of their positions, none of which was folded before.
  ///
  /// Runs in a transaction that also moves the checkpoint. Names of tables are unqualified: the transaction's `search_path` says whether
  /// the live tables are meant or those of a rebuild. However events are cut into batches, the tables must come out the same. What is
  /// said of a key in the batch is gathered first, then new rows are copied in and earlier ones changed by one statement.
  ///
  /// - Throws: what ``Payload`` throws at an event it cannot read; the database's error at one that makes no sense.
  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws

  /// Called after a live batch was committed, never during a rebuild: the place for effects outside the tables.
  func didCommit(in pool: PostgresPool) async throws
}

extension Projection {
  public static var ownerTables: [StaticString] { [] }

  public func didCommit(in pool: PostgresPool) async throws {}

  var name: String { Self.name }
  var version: Int { Self.version }
  var filter: EventFilter { wantedTypes.map(EventFilter.types) ?? .all }

  func wants(_ event: RecordedEvent) -> Bool { wantedTypes?.contains(event.type) ?? true }

  /// Those that the fold wants, and those that end what it keeps of an owner; nil for every event.
  private var wantedTypes: Set<String>? { Self.eventTypes?.union([AccountErased.eventType]) }
}

/// Every projection there is.
public enum ProjectionCatalog {
  public static let all: [any Projection] = [
    FilesProjection(), DuplicatesProjection(), SavingsProjection(), JobsProjection(), QuotaProjection(),
    SimilarityProjection(), UnrecognisedProjection(),
  ]

  public static var names: [String] { all.map(\.name) }

  public static func projection(named name: String) -> (any Projection)? { all.first { $0.name == name } }
}
