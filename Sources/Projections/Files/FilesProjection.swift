// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Postgres

/// Folds the log into one row for each file that has not been removed.
public struct FilesProjection: Projection {
  public static let name = "files"
  public static let version = 1
  public static let eventTypes: Set<String> = [
    "file.uploaded", "file.trashed", "file.restored", "file.removed", "job.succeeded",
  ]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    _ = try await connection.execute(Self.fold(EventColumns(batch)))
  }

  /// All steps see the table as it was before the batch. So a file of this batch is found by step 5 alone, which gives it its final state
  /// at once, and steps 3 and 4 find only files of earlier batches.
  static func fold(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      -- 1. The events with the file they are about.
      SELECT position, owner, recorded_at, type, payload, (payload ->> 'fileId')::uuid AS file_id
      FROM \(events: events)
    ), change AS (
      -- 2. What the batch says of each file. Removal is final; of trashing and restoring the last one counts.
      SELECT file_id,
        bool_or(type = 'file.removed') AS removed,
        bool_or(type = 'job.succeeded') AS settled,
        (array_agg(type ORDER BY position DESC) FILTER (WHERE type IN ('file.trashed', 'file.restored')))[1] AS moved,
        (array_agg(recorded_at ORDER BY position DESC)
          FILTER (WHERE type IN ('file.trashed', 'file.restored')))[1] AS moved_at
      FROM event
      GROUP BY file_id
    ), removal AS (
      -- 3.
      DELETE FROM file USING change WHERE file.id = change.file_id AND change.removed
    ), update AS (
      -- 4.
      UPDATE file
      SET settled = file.settled OR change.settled,
        state = CASE moved WHEN 'file.trashed' THEN 'trashed' WHEN 'file.restored' THEN 'live' ELSE state END,
        trashed_at = CASE moved WHEN 'file.trashed' THEN moved_at WHEN 'file.restored' THEN NULL ELSE trashed_at END
      FROM change
      WHERE file.id = change.file_id AND NOT change.removed
    )
    -- 5.
    INSERT INTO file (id, owner, position, size, uploaded_at, trashed_at, settled, state, digest, content_type, path)
    SELECT file_id, owner, position, (payload ->> 'size')::bigint, recorded_at,
      CASE moved WHEN 'file.trashed' THEN moved_at END,
      settled,
      CASE moved WHEN 'file.trashed' THEN 'trashed' ELSE 'live' END,
      payload ->> 'digest', payload ->> 'contentType', payload ->> 'path'
    FROM event
    JOIN change USING (file_id)
    WHERE type = 'file.uploaded' AND NOT removed
    """
  }
}
