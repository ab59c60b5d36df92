// SPDX-License-Identifier: Apache-2.0

import EventStore
import Postgres

extension FilesProjection: BulkLoading {
  static let stagingTables: [Query] = [
    """
    CREATE TEMPORARY TABLE staged_change (
      id uuid NOT NULL, position bigint NOT NULL, moved_at timestamptz, removed boolean NOT NULL, settled boolean NOT NULL,
      trashed boolean
    )
    """
  ]

  func load(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let changes = try FileChanges(batch)
    try await insert(changes.uploaded, on: connection)
    guard !changes.known.isEmpty, let last = batch.last?.position.rawValue else { return }
    try await connection.copyIn(
      "COPY staged_change (id, position, moved_at, removed, settled, trashed) FROM STDIN (FORMAT binary)",
      rows: changes.known
    ) { row, writer in
      writer.row(row.0, last, row.1.moved?.at, row.1.isRemoved, row.1.isSettled, row.1.moved?.isTrashed)
    }
  }

  func merge(on connection: PostgresConnection) async throws {
    _ = try await connection.execute(Self.mergeChanges)
    _ = try await connection.execute(StagedErasures.apply(to: "file"))
  }

  /// A row of the table is told by its position: what came before it was said of nothing.
  private static let mergeChanges: Query = """
    WITH change AS MATERIALIZED (
      SELECT file.position, bool_or(removed) AS removed, bool_or(staged_change.settled) AS settled,
        (array_agg(trashed ORDER BY staged_change.position DESC) FILTER (WHERE trashed IS NOT NULL))[1] AS trashed,
        (array_agg(moved_at ORDER BY staged_change.position DESC) FILTER (WHERE trashed IS NOT NULL))[1] AS moved_at
      FROM staged_change
      JOIN file ON file.id = staged_change.id AND file.position < staged_change.position
      GROUP BY file.position
    ), removal AS (
      DELETE FROM file USING change WHERE file.position = change.position AND change.removed
    )
    UPDATE file
    SET settled = file.settled OR change.settled,
      state = CASE trashed WHEN true THEN 'trashed' WHEN false THEN 'live' ELSE state END,
      trashed_at = CASE trashed WHEN true THEN moved_at WHEN false THEN NULL ELSE trashed_at END
    FROM change
    WHERE file.position = change.position AND NOT change.removed
    """
}
