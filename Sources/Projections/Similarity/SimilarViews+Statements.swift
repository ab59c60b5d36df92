// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension SimilarViews {
  static func list(
    _ tables: ReadTables, owner: UUID, limit: Int, after: SimilarGroupCursor?, _ extent: Extent
  ) -> Query {
    // Before the first: nothing is as large, and among equals every id comes after this one.
    let (bytes, id) = (after?.bytes ?? .max, after?.id ?? .zero)
    return """
      WITH page AS MATERIALIZED (
        -- Descending sizes, ascending ids. The first condition is for the index, the second one cuts off what was given.
        SELECT id, owner, contents, bytes, matched_at, medoid
        FROM \(unescaped: tables.similarGroup)
        WHERE owner = \(owner) AND bytes <= \(bytes) AND (bytes < \(bytes) OR id > \(id))
        ORDER BY bytes DESC, id
        LIMIT \(limit)
      )
      SELECT page.id, page.contents, page.bytes, page.matched_at, member.digest, member.size, member.score,
        member.algorithm, member.live_copies, file.file_id, file.path, file.uploaded_at
      FROM page
      CROSS JOIN LATERAL (
        SELECT digest, size, 1::double precision AS score, NULL AS algorithm, live_copies, 0 AS rank, since
        FROM \(unescaped: tables.placement)
        WHERE owner = page.owner AND digest = page.medoid
        UNION ALL
        (
          SELECT digest, size, score, algorithm, live_copies, 1, since
          FROM \(unescaped: tables.placement)
          WHERE owner = page.owner AND medoid = page.medoid
          ORDER BY score DESC, since
          LIMIT \(extent.contents - 1)
        )
      ) AS member
      CROSS JOIN LATERAL (
        SELECT file_id, path, uploaded_at, position
        FROM \(unescaped: tables.copy)
        WHERE owner = page.owner AND digest = member.digest AND live
        ORDER BY position
        LIMIT \(extent.files)
      ) AS file
      ORDER BY page.bytes DESC, page.id, member.rank, member.score DESC, member.since, file.position
      """
  }

  static func group(_ tables: ReadTables, _ id: UUID, owner: UUID, _ extent: Extent) -> Query {
    """
    SELECT page.id, page.contents, page.bytes, page.matched_at, member.digest, member.size,
      CASE WHEN member.digest = page.medoid THEN 1 ELSE member.score END,
      CASE WHEN member.digest <> page.medoid THEN member.algorithm END, member.live_copies,
      file.file_id, file.path, file.uploaded_at
    FROM \(unescaped: tables.similarGroup) AS page
    CROSS JOIN LATERAL (
      SELECT digest, size, score, algorithm, live_copies, since
      FROM \(unescaped: tables.placement)
      WHERE owner = page.owner AND (digest = page.medoid OR medoid = page.medoid)
      ORDER BY digest <> page.medoid, score DESC, since
      LIMIT \(extent.contents)
    ) AS member
    CROSS JOIN LATERAL (
      SELECT file_id, path, uploaded_at, position
      FROM \(unescaped: tables.copy)
      WHERE owner = page.owner AND digest = member.digest AND live
      ORDER BY position
      LIMIT \(extent.files)
    ) AS file
    WHERE page.id = \(id) AND page.owner = \(owner)
    ORDER BY member.digest <> page.medoid, member.score DESC, member.since, file.position
    """
  }

  static func totals(_ tables: ReadTables, owner: UUID) -> Query {
    """
    SELECT count(*), coalesce(sum(contents), 0)::bigint, coalesce(sum(bytes), 0)::bigint
    FROM \(unescaped: tables.similarGroup)
    WHERE owner = \(owner)
    """
  }

  /// With the path of the earliest copy of each content that the owner still has; live ones come first.
  static func decisions(_ tables: ReadTables, owner: UUID, limit: Int, after: DecisionCursor?) -> Query {
    let (at, id) = (after?.at ?? .distantFuture, after?.id ?? .zero)
    return """
      WITH page AS MATERIALIZED (
        SELECT owner, decision_id, dismissed_at, digest, other
        FROM \(unescaped: tables.dismissal)
        WHERE owner = \(owner) AND digest < other
          AND dismissed_at <= \(at) AND (dismissed_at < \(at) OR decision_id > \(id))
        ORDER BY dismissed_at DESC, decision_id
        LIMIT \(limit)
      )
      SELECT decision_id, dismissed_at, digest,
        (
          SELECT path FROM \(unescaped: tables.copy) AS file
          WHERE file.owner = page.owner AND file.digest = page.digest
          ORDER BY live DESC, position
          LIMIT 1
        ),
        other,
        (
          SELECT path FROM \(unescaped: tables.copy) AS file
          WHERE file.owner = page.owner AND file.digest = page.other
          ORDER BY live DESC, position
          LIMIT 1
        )
      FROM page
      ORDER BY dismissed_at DESC, decision_id
      """
  }
}
