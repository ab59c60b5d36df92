// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension PostgresEventLog {
  /// Every statement that the log sends.
  enum Statements {
    /// Advances the head and inserts, in one statement. Gives the new head and its time; gives no row, and does nothing, when a predecessor is missing.
    ///
    /// The unique constraints have the last word: an event id or a version that is taken undoes the whole statement. Whoever holds the
    /// lock on the head's row is the only one to append, in every process, until it commits: so positions follow commits.
    static func append(_ rows: EventColumns, predecessors: [(stream: StreamName, version: Int64)]) -> Query {
      """
      WITH
      -- 1. The versions that the writers name are there. Seen too early they only look missing, never the other way round.
      missing AS MATERIALIZED (
          SELECT
          FROM unnest(\(predecessors.map(\.stream.description)), \(predecessors.map(\.version)))
              AS named (stream, version)
          WHERE NOT EXISTS (
              SELECT FROM log.event WHERE event.stream = named.stream AND event.version = named.version
          )
      ),
      -- 2. The lock, the positions, the time.
      head AS (
          UPDATE log.head
          SET position = position + \(rows.count),
              recorded_at = greatest(recorded_at, clock_timestamp())
          WHERE NOT EXISTS (SELECT FROM missing)
          RETURNING position, recorded_at
      ),
      -- 3. The events.
      added AS (
          INSERT INTO log.event (
              position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream,
              type, payload
          )
          SELECT head.position - \(rows.count) + ordinality, version, head.recorded_at, id, owner, actor,
              correlation_id, causation_id, schema_version, stream, type, payload
          FROM head
          CROSS JOIN unnest(
              \(rows.versions), \(rows.ids), \(rows.owners), \(rows.actors), \(rows.correlationIds),
              \(rows.causationIds), \(rows.schemaVersions), \(rows.streams), \(rows.types), \(rows.payloads)
          ) WITH ORDINALITY AS row (
              version, id, owner, actor, correlation_id, causation_id, schema_version, stream, type, payload, ordinality
          )
      )
      SELECT position, recorded_at FROM head
      """
    }

    /// The same for one event, which comes alone when nobody else appends: a plan that is quicker to start.
    static func append(_ row: OptimisticBatch.Row) -> Query {
      """
      WITH head AS (
          UPDATE log.head
          SET position = position + 1,
              recorded_at = greatest(recorded_at, clock_timestamp())
          WHERE \(row.version) = 1
              OR EXISTS (SELECT FROM log.event WHERE stream = \(row.stream.description) AND version = \(row.version - 1))
          RETURNING position, recorded_at
      )
      INSERT INTO log.event (
          position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream, type,
          payload
      )
      SELECT position, \(row.version), recorded_at, \(row.event.id), \(row.event.owner), \(row.event.actor),
          \(row.event.correlationId), \(row.event.causationId), \(Int16(clamping: row.event.schemaVersion)),
          \(row.stream.description), \(row.event.type), \(PostgresJSON(row.event.payload))
      FROM head
      RETURNING position, recorded_at
      """
    }

    /// Nobody else appends until the transaction ends, and what is read afterwards is everything.
    static let lockHead: Query = "SELECT position FROM log.head FOR UPDATE"

    static let head: Query = "SELECT position FROM log.head"

    /// The last version of each stream that has one.
    static func versions(of streams: [String]) -> Query {
      """
      SELECT last.stream, last.version
      FROM unnest(\(streams)) AS named (stream)
      CROSS JOIN LATERAL (
          SELECT stream, version
          FROM log.event
          WHERE event.stream = named.stream
          ORDER BY version DESC
          LIMIT 1
      ) AS last
      """
    }

    static func places(of ids: [UUID]) -> Query {
      "SELECT id, stream, version, position, recorded_at FROM log.event WHERE id = ANY(\(ids))"
    }

    private static let columns: StaticString = """
      position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream, type, \
      payload
      """

    static func events(after position: Position, limit: Int) -> Query {
      """
      SELECT \(unescaped: columns)
      FROM log.event
      WHERE position > \(position.rawValue)
      ORDER BY position
      LIMIT \(limit)
      """
    }

    /// The same in the form that is fastest for many: positions are dense, so a range is a limit.
    static func copy(after position: Position, limit: Int) -> Query {
      """
      COPY (
          SELECT \(unescaped: columns)
          FROM log.event
          WHERE position > \(literal: position.rawValue)
              AND position <= \(literal: position.rawValue + Int64(limit))
          ORDER BY position
      ) TO STDOUT (FORMAT binary)
      """
    }

    /// Of each type the positions that may be wanted, then the rows of those that are: nothing else is read, however rare the types.
    ///
    /// Rows are compared, and sorted by the type as well, because only the index on types can serve that. Given `type = …` and a limit,
    /// the planner may walk the primary key instead, in the hope that the next event of the type is near.
    static func events(
      ofTypes types: [String], after position: Position, through end: Position = Position(.max), limit: Int
    ) -> Query {
      """
      SELECT event.*
      FROM (
          SELECT next.position
          FROM unnest(\(types)) AS wanted (type)
          CROSS JOIN LATERAL (
              SELECT event.position
              FROM log.event
              WHERE (event.type, event.position) > (wanted.type, \(position.rawValue))
                  AND (event.type, event.position) <= (wanted.type, \(end.rawValue))
              ORDER BY event.type, event.position
              LIMIT \(limit)
          ) AS next
          ORDER BY next.position
          LIMIT \(limit)
      ) AS chosen
      CROSS JOIN LATERAL (
          SELECT \(unescaped: columns)
          FROM log.event
          WHERE event.position = chosen.position
          LIMIT 1
      ) AS event
      ORDER BY chosen.position
      """
    }

    /// The types that a category's events have had so far: one look at the index for each. A category's types are those named after it.
    static func types(of category: String) -> Query {
      """
      WITH RECURSIVE found AS (
          (SELECT type FROM log.event WHERE type > \(category + ".") ORDER BY type LIMIT 1)
          UNION ALL
          SELECT (SELECT next.type FROM log.event AS next WHERE next.type > found.type ORDER BY next.type LIMIT 1)
          FROM found
          WHERE starts_with(found.type, \(category + "."))
      )
      SELECT type FROM found WHERE starts_with(type, \(category + "."))
      """
    }

    static func events(of owner: UUID, after position: Position, limit: Int, _ filter: EventFilter) -> Query {
      """
      SELECT \(unescaped: columns)
      FROM log.event
      WHERE owner = \(owner)
          AND position > \(position.rawValue)
          AND (\(filter.types == nil) OR type = ANY(\(filter.typeList)))
          AND (\(filter.category == nil) OR starts_with(stream, \(filter.streamPrefix)))
      ORDER BY position
      LIMIT \(limit)
      """
    }

    static func events(at positions: [Position]) -> Query {
      """
      SELECT \(unescaped: columns)
      FROM log.event
      WHERE position = ANY(\(positions.map(\.rawValue)))
      ORDER BY position
      """
    }

    static func lastEvents(of streams: [StreamName]) -> Query {
      """
      SELECT last.*
      FROM unnest(\(streams.map(\.description))) AS named (stream)
      CROSS JOIN LATERAL (
          SELECT \(unescaped: columns)
          FROM log.event
          WHERE event.stream = named.stream
          ORDER BY version DESC
          LIMIT 1
      ) AS last
      """
    }

    static func events(in stream: StreamName, after version: Int64, limit: Int) -> Query {
      """
      SELECT \(unescaped: columns)
      FROM log.event
      WHERE stream = \(stream.description)
          AND version > \(version)
      ORDER BY version
      LIMIT \(limit)
      """
    }
  }
}

extension EventFilter {
  /// In one order, so that equal filters make equal statements.
  var typeList: [String] { types?.sorted() ?? [] }
  fileprivate var streamPrefix: String { (category ?? "") + "-" }
}
