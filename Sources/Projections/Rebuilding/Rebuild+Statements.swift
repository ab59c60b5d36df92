// SPDX-License-Identifier: Apache-2.0

import EventStore
import Postgres

extension Rebuild {
  /// The functions of the migrations that created projections: only they may change what tables there are.
  enum Statements {
    /// Held by the session, not by a transaction: a rebuild has many, and when its process dies the lock goes with the connection.
    static func tryLock(_ name: String) -> Query {
      "SELECT pg_try_advisory_lock(hashtextextended(\("onefold.rebuild.\(name)"), 0))"
    }

    static let unlock: Query = "SELECT pg_advisory_unlock_all()"

    /// Parallel workers cost their starting, and rebuilds at the same time share the processors out already.
    static let withoutWorkers: [Query] = [
      "SET max_parallel_workers_per_gather = 0", "SET max_parallel_maintenance_workers = 0",
    ]

    /// - Parameter constrained: whether the new tables have keys from the start, which folding needs.
    static func begin(_ name: String, constrained: Bool = true) -> Query {
      "SELECT projection.begin_rebuild(\(name), \(constrained))"
    }

    /// Adds the keys that tables were begun without. Fails when rows break one.
    static func constrain(_ name: String) -> Query { "SELECT projection.constrain_rebuild(\(name))" }

    static func discard(_ name: String) -> Query { "SELECT projection.discard_rebuild(\(name))" }

    static func index(_ name: String) -> Query { "SELECT projection.index_rebuild(\(name))" }

    /// Gives the generation of the tables that are live now.
    static func finish(_ name: String, version: Int, position: Position) -> Query {
      "SELECT projection.finish_rebuild(\(name), \(Int32(version)), \(position.rawValue))"
    }

    static func isComplete(_ name: String) -> Query { "SELECT projection.is_complete(\(name))" }

    static func rollBack(_ name: String) -> Query { "SELECT projection.roll_back(\(name))" }

    static func sweep(olderThan window: Duration) -> Query {
      "SELECT projection.sweep_previous(make_interval(secs => \(window / .seconds(1))))"
    }

    /// One row a table, each with the digest over all of them.
    static func digests(of name: String, in schema: String) -> Query {
      """
      SELECT table_name, row_count, 'sha256:' || encode(digest, 'hex'),
        'sha256:' || encode(
          sha256(
            convert_to(
              string_agg(table_name || ' ' || row_count || ' ' || encode(digest, 'hex'), E'\\n') OVER all_tables, 'UTF8')),
          'hex')
      FROM projection.digest(\(name), \(schema))
      WINDOW all_tables AS (ORDER BY table_name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
      ORDER BY table_name
      """
    }

    /// The first rows that differ, each with the number of all.
    static func differences(_ name: String, limit: Int) -> Query {
      """
      SELECT table_name, live, rebuilt, count(*) OVER ()
      FROM projection.differences(\(name))
      ORDER BY table_name, coalesce(rebuilt, live)
      LIMIT \(limit)
      """
    }
  }
}

extension PostgresConnection {
  /// Closes a connection that may hold a rebuild's lock, and lets the next begin at once: the server notices some time later that a
  /// session has ended, and drops its temporary tables before its locks.
  func closeAfterRebuilding() async {
    // Also when the task was cancelled.
    await Task { _ = try? await query(Rebuild.Statements.unlock) }.value
    await close()
  }
}
