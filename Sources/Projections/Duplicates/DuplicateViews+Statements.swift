// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension DuplicateViews {
  static func list(_ tables: ReadTables, owner: UUID, limit: Int, after: GroupCursor?, files: Int) -> Query {
    // Before the first: nothing is as large, and among equals every id comes after this one.
    let (reclaimable, id) = (after?.reclaimable ?? .max, after?.id ?? .zero)
    return """
      WITH page AS MATERIALIZED (
        -- Descending sizes, ascending ids. The first condition is for the index, the second one cuts off what was given.
        SELECT id, owner, digest, size, copies, reclaimable, matched_at
        FROM \(unescaped: tables.duplicateGroup)
        WHERE owner = \(owner) AND copies >= 2
          AND reclaimable <= \(reclaimable) AND (reclaimable < \(reclaimable) OR id > \(id))
        ORDER BY reclaimable DESC, id
        LIMIT \(limit)
      )
      SELECT page.id, page.digest, page.size, page.copies, page.reclaimable, page.matched_at, first.file_id, first.path,
        first.uploaded_at
      FROM page
      CROSS JOIN LATERAL (
        SELECT file_id, path, uploaded_at, position
        FROM \(unescaped: tables.member)
        WHERE member.owner = page.owner AND member.digest = page.digest AND member.live
        ORDER BY position
        LIMIT \(files)
      ) AS first
      ORDER BY page.reclaimable DESC, page.id, first.position
      """
  }

  static func group(_ tables: ReadTables, _ id: UUID, owner: UUID, files: Int) -> Query {
    """
    SELECT duplicate_group.id, duplicate_group.digest, duplicate_group.size, copies, reclaimable, matched_at,
      member.file_id, member.path, member.uploaded_at
    FROM \(unescaped: tables.duplicateGroup)
    JOIN \(unescaped: tables.member) ON member.owner = duplicate_group.owner AND member.digest = duplicate_group.digest
      AND live
    WHERE duplicate_group.id = \(id) AND duplicate_group.owner = \(owner) AND copies >= 2
    ORDER BY member.position
    LIMIT \(files)
    """
  }

  static func totals(_ tables: ReadTables, owner: UUID) -> Query {
    """
    SELECT count(*), coalesce(sum(copies), 0)::bigint, coalesce(sum(reclaimable), 0)::bigint
    FROM \(unescaped: tables.duplicateGroup)
    WHERE owner = \(owner) AND copies >= 2
    """
  }
}
