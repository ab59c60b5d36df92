// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

extension ParkedEvents {
  enum Statements {
    /// Tables that replace others go on counting their attempts.
    static func park(_ events: [ParkedEvent], generation: Int64) -> Query {
      """
      INSERT INTO projection.parked (
        projection, generation, position, event_id, type, schema_version, error, attempts, first_at, last_at
      )
      SELECT event.projection, \(generation), event.position, event.event_id, event.type, event.schema_version, event.error,
        event.attempts + coalesce(earlier.attempts, 0), least(event.first_at, earlier.first_at), event.last_at
      FROM unnest(
        \(events.map(\.projection)), \(events.map(\.position.rawValue)), \(events.map(\.eventId)), \(events.map(\.type)),
        \(events.map { Int32($0.schemaVersion) }), \(events.map(\.error)), \(events.map { Int32(clamping: $0.attempts) }),
        \(events.map(\.firstAt)), \(events.map(\.lastAt))
      ) AS event (projection, position, event_id, type, schema_version, error, attempts, first_at, last_at)
      LEFT JOIN projection.previous ON previous.name = event.projection
      LEFT JOIN projection.parked AS earlier
        ON earlier.projection = previous.name AND earlier.generation = previous.generation
          AND earlier.position = event.position
      """
    }

    /// Of the live tables.
    static func positions(_ projection: String) -> Query {
      """
      SELECT parked.position
      FROM projection.parked
      JOIN projection.checkpoint ON name = projection AND checkpoint.generation = parked.generation
      WHERE projection = \(projection)
      """
    }

    /// By projection; none for one that has parked nothing. Each is counted up to `limit` and no further.
    static func counts(limit: Int) -> Query {
      """
      SELECT name, parked + unknown
      FROM projection.checkpoint
      CROSS JOIN LATERAL (
        SELECT count(*) AS parked
        FROM (
          SELECT FROM projection.parked
          WHERE projection = name AND parked.generation = checkpoint.generation
          LIMIT \(limit)
        ) AS some_parked
      ) AS parked
      CROSS JOIN LATERAL (
        SELECT count(*) AS unknown
        FROM (SELECT FROM unrecognised.event WHERE name = 'unrecognised' LIMIT \(limit)) AS some_unknown
      ) AS unknown
      WHERE parked + unknown > 0
      """
    }

    /// The oldest first.
    static func list(_ projection: String?, after cursor: ParkedCursor?, limit: Int) -> Query {
      """
      SELECT \(unescaped: ParkedEvent.columns)
      FROM (
        SELECT projection, parked.position, event_id, type, schema_version, parked.error, attempts, first_at, last_at
        FROM projection.parked
        JOIN projection.checkpoint ON name = projection AND checkpoint.generation = parked.generation
        UNION ALL
        SELECT 'unrecognised', position, id, type, schema_version, 'this program does not know the type', 1,
          recorded_at, recorded_at
        FROM unrecognised.event
      ) AS parked
      WHERE (\(projection == nil) OR projection = \(projection ?? ""))
        AND (position, projection) > (\(cursor?.position.rawValue ?? 0), \(cursor?.projection ?? ""))
      ORDER BY position, projection
      LIMIT \(limit)
      """
    }
  }
}
