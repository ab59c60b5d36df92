// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension EventSearch {
  enum Statements {
    /// Which of a source's first `budget` events meet every condition, up to `limit` of them, and the position of the last one of the
    /// `budget`; NULL when the source has no more.
    ///
    /// The candidates are materialised, so that no other condition can make the planner leave their index.
    static func look(
      _ source: EventSource, _ query: EventQuery, types: [String]?, in span: EventSpan, budget: Int, limit: Int
    ) -> Query {
      """
      WITH candidate AS MATERIALIZED (
          \(candidates(source, in: span, limit: budget))
      )
      SELECT
          (SELECT CASE WHEN count(*) = \(budget) THEN \(unescaped: span.order.farthest)(position) END FROM candidate),
          ARRAY(
              SELECT position
              FROM candidate
              WHERE (\(query.stream == nil) OR stream = \(query.stream?.description))
                  AND (\(query.correlationId == nil) OR correlation_id = \(query.correlationId))
                  AND (\(types == nil) OR type = ANY(\(types ?? [])))
                  AND (\(query.actor == nil) OR actor = \(query.actor))
                  AND (\(query.owner == nil) OR owner = \(query.owner))
              ORDER BY position \(unescaped: span.order.direction)
              LIMIT \(limit)
          )
      """
    }

    /// How far the first `budget` events of a source reach; NULL when the source has no more.
    static func reach(of source: EventSource, in span: EventSpan, budget: Int) -> Query {
      """
      SELECT CASE WHEN count(*) = \(budget) THEN \(unescaped: span.order.farthest)(position) END
      FROM (\(candidates(source, in: span, limit: budget))) AS candidate
      """
    }

    /// The first `limit` events of a source in a span, in its order. Each index is read for that many rows and no more.
    static func candidates(_ source: EventSource, in span: EventSpan, limit: Int) -> Query {
      switch source {
      case .everything:
        """
        SELECT \(unescaped: columns)
        FROM log.event
        WHERE position >= \(span.first.rawValue) AND position <= \(span.last.rawValue)
        ORDER BY position \(unescaped: span.order.direction)
        LIMIT \(limit)
        """
      case .owner(let owner):
        events(with: "owner", "\(owner)", of: "owner IS NOT NULL", span, limit)
      case .correlation(let correlation):
        events(with: "correlation_id", "\(correlation)", of: "correlation_id IS NOT NULL", span, limit)
      case .actor(let actor):
        // The index of actors leaves out what people do with their own things: that is found by the owner.
        """
        SELECT branch.*
        FROM (
            (\(events(with: "owner", "\(actor)", of: "owner IS NOT NULL", span, limit)))
            UNION ALL
            (\(events(with: "actor", "\(actor)", of: "actor IS NOT NULL AND actor IS DISTINCT FROM owner", span, limit)))
        ) AS branch
        ORDER BY position \(unescaped: span.order.direction)
        LIMIT \(limit)
        """
      case .types(let types):
        """
        SELECT branch.*
        FROM unnest(\(types)) AS wanted (name)
        CROSS JOIN LATERAL (\(events(with: "type", "wanted.name", of: "true", span, limit))) AS branch
        ORDER BY position \(unescaped: span.order.direction)
        LIMIT \(limit)
        """
      case .stream(let stream):
        // Versions of a stream go on as its positions do.
        """
        SELECT \(unescaped: columns)
        FROM log.event
        WHERE (stream, version) > (\(stream.description), (SELECT log.version_at(\(stream.description), \(span.first.rawValue - 1))))
            AND (stream, version) <= (\(stream.description), (SELECT log.version_at(\(stream.description), \(span.last.rawValue))))
        ORDER BY stream \(unescaped: span.order.direction), version \(unescaped: span.order.direction)
        LIMIT \(limit)
        """
      }
    }

    /// Events with one value in a column, by the index on that column and the position.
    ///
    /// Written as a range of the index, in its own order. Written as "column = value, by position" the planner is free to go through
    /// the positions and throw away what has another value: right while values are spread evenly, and the whole log when they are not.
    private static func events(
      with column: StaticString, _ value: Query, of index: StaticString, _ span: EventSpan, _ limit: Int
    ) -> Query {
      """
      SELECT \(unescaped: columns)
      FROM log.event
      WHERE \(unescaped: index)
          AND (\(unescaped: column), position) >= (\(value), \(span.first.rawValue))
          AND (\(unescaped: column), position) <= (\(value), \(span.last.rawValue))
      ORDER BY \(unescaped: column) \(unescaped: span.order.direction), position \(unescaped: span.order.direction)
      LIMIT \(limit)
      """
    }

    private static let columns: StaticString = "position, stream, correlation_id, type, actor, owner"

    /// The types of a category that the log has ever seen, each found by one step in their index.
    static func types(of category: String) -> Query {
      let (first, beyond) = (category + ".", category + "/")
      return """
        WITH RECURSIVE seen AS (
            (SELECT type FROM log.event WHERE type >= \(first) AND type < \(beyond) ORDER BY type LIMIT 1)
            UNION ALL
            SELECT (
                SELECT event.type FROM log.event WHERE event.type > seen.type AND event.type < \(beyond) ORDER BY event.type LIMIT 1
            )
            FROM seen
            WHERE seen.type IS NOT NULL
        )
        SELECT type FROM seen WHERE type IS NOT NULL
        """
    }
  }
}
