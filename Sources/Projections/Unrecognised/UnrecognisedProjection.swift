// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation
public import Postgres

/// Lists the events of types that this program does not know: a newer one wrote them, and no fold here can have seen them.
///
/// A program that knows them has a shorter list after a rebuild, as with any other projection.
public struct UnrecognisedProjection: Projection {
  public static let name = "unrecognised"
  public static let version = 1
  public static let eventTypes: Set<String>? = nil

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let unknown = batch.indices.filter { EventCatalog.versions[batch[$0].type] == nil }.map { batch[$0] }
    guard !unknown.isEmpty else { return }
    try await connection.copyIn(
      "COPY event (position, id, recorded_at, schema_version, type) FROM STDIN (FORMAT binary)", rows: unknown
    ) { event, writer in
      writer.row(event.position.rawValue, event.id, event.recordedAt, Int32(event.schemaVersion), event.type)
    }
  }
}
