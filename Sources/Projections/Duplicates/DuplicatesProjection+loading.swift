// SPDX-License-Identifier: Apache-2.0

import EventStore
import Postgres

extension DuplicatesProjection: BulkLoading {
  static let stagingTables: [Query] = [
    """
    CREATE TEMPORARY TABLE staged_change (
      file_id uuid NOT NULL, position bigint NOT NULL, removed boolean NOT NULL, trashed boolean
    )
    """,
    """
    CREATE TEMPORARY TABLE staged_match (
      id uuid NOT NULL, owner uuid NOT NULL, position bigint NOT NULL, size bigint NOT NULL, matched_at timestamptz NOT NULL,
      digest text COLLATE "C" NOT NULL
    )
    """,
  ]

  func load(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    guard let last = batch.last?.position.rawValue else { return }
    let (files, groups) = try Self.read(batch)
    try await insert(files.uploaded, on: connection)
    if !files.known.isEmpty {
      try await connection.copyIn(
        "COPY staged_change (file_id, position, removed, trashed) FROM STDIN (FORMAT binary)", rows: files.known
      ) { row, writer in
        writer.row(row.0, last, row.1.isRemoved, row.1.moved?.isTrashed)
      }
    }
    if !groups.isEmpty {
      try await connection.copyIn(
        "COPY staged_match (id, owner, position, size, matched_at, digest) FROM STDIN (FORMAT binary)", rows: groups
      ) { group, writer in
        writer.row(group.id, group.owner, last, group.size, group.matchedAt, group.digest)
      }
    }
  }

  func merge(on connection: PostgresConnection) async throws {
    _ = try await connection.execute(Self.mergeChanges)
    _ = try await connection.execute(StagedErasures.apply(to: "member"))
    // Members first: a group counts those that are left.
    _ = try await connection.execute(StagedErasures.apply(to: "staged_match"))
    _ = try await connection.execute(Self.mergeGroups)
  }

  /// A member is told by its position: what came before it was said of nothing.
  private static let mergeChanges: Query = """
    WITH change AS MATERIALIZED (
      SELECT member.position, bool_or(removed) AS removed,
        (array_agg(trashed ORDER BY staged_change.position DESC) FILTER (WHERE trashed IS NOT NULL))[1] AS trashed
      FROM staged_change
      JOIN member ON member.file_id = staged_change.file_id AND member.position < staged_change.position
      GROUP BY member.position
    ), removal AS (
      DELETE FROM member USING change WHERE member.position = change.position AND removed
    )
    UPDATE member SET live = NOT trashed
    FROM change
    WHERE member.position = change.position AND NOT removed AND live = trashed
    """

  /// The first match makes the group.
  private static let mergeGroups: Query = """
    INSERT INTO duplicate_group (id, owner, size, copies, matched_at, digest)
    SELECT id, owner, size, coalesce(live.copies, 0), matched_at, digest
    FROM (SELECT DISTINCT ON (id) * FROM staged_match ORDER BY id, position) AS matched
    LEFT JOIN (
      SELECT owner, digest, count(*) AS copies FROM member WHERE live GROUP BY owner, digest
    ) AS live USING (owner, digest)
    """
}
