// SPDX-License-Identifier: Apache-2.0

import Postgres

extension Rebuild {
  /// The functions of the migration that created projections: only they may change what tables there are.
  enum Statements {
    static func begin(_ name: String) -> Query { "SELECT projection.begin_rebuild(\(name))" }

    static func discard(_ name: String) -> Query { "SELECT projection.discard_rebuild(\(name))" }

    static func finish(_ name: String) -> Query { "SELECT projection.finish_rebuild(\(name))" }

    static func analyze(_ name: String) -> Query { "SELECT projection.analyze_rebuild(\(name))" }

    static func isComplete(_ name: String) -> Query { "SELECT projection.is_complete(\(name))" }

    static let withoutTimeout: Query = "SELECT set_config('statement_timeout', '0', true)"

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
