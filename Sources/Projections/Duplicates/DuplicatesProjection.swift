// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Postgres

/// Folds the log into each owner's files by content, and the groups of those that were matched.
public struct DuplicatesProjection: Projection {
  public static let name = "duplicates"
  public static let version = 1
  public static let eventTypes: Set<String> = [
    "file.uploaded", "file.trashed", "file.restored", "file.removed", "duplicates.exactMatched",
  ]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let files = batch.filter { $0.type != "duplicates.exactMatched" }
    let matches = batch.filter { $0.type == "duplicates.exactMatched" }
    // Members first: a new group counts them as they are after the whole batch.
    if !files.isEmpty { _ = try await connection.execute(Self.foldFiles(EventColumns(files))) }
    if !matches.isEmpty { _ = try await connection.execute(Self.foldMatches(EventColumns(matches))) }
  }

  /// All steps see the tables as they were before the batch: `uploaded` holds files of this batch, `known` those of earlier ones.
  static func foldFiles(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      -- 1. The events with the file they are about.
      SELECT position, owner, recorded_at, type, payload, (payload ->> 'fileId')::uuid AS file_id
      FROM \(events: events)
    ), change AS (
      -- 2. What the batch says of each file; live is null when it neither trashed nor restored it.
      SELECT file_id,
        bool_or(type = 'file.removed') AS removed,
        (array_agg(type = 'file.restored' ORDER BY position DESC)
          FILTER (WHERE type IN ('file.trashed', 'file.restored')))[1] AS live
      FROM event
      GROUP BY file_id
    ), uploaded AS (
      -- 3. New members, as they are after the batch.
      SELECT file_id, owner, position, (payload ->> 'size')::bigint AS size, recorded_at AS uploaded_at,
        coalesce(live, true) AS live, payload ->> 'digest' AS digest, payload ->> 'path' AS path
      FROM event
      JOIN change USING (file_id)
      WHERE type = 'file.uploaded' AND NOT removed
    ), known AS (
      -- 4. Members from earlier batches, before and after this one.
      SELECT file_id, owner, digest, removed, member.live AS was_live,
        NOT removed AND coalesce(change.live, member.live) AS is_live
      FROM member
      JOIN change USING (file_id)
    ), insertion AS (
      INSERT INTO member (file_id, owner, position, size, uploaded_at, live, digest, path)
      SELECT file_id, owner, position, size, uploaded_at, live, digest, path FROM uploaded
    ), removal AS (
      DELETE FROM member USING known WHERE member.file_id = known.file_id AND known.removed
    ), update AS (
      UPDATE member SET live = is_live
      FROM known
      WHERE member.file_id = known.file_id AND NOT removed AND is_live <> was_live
    ), difference AS (
      -- 5. How many live copies of each content came or went.
      SELECT owner, digest, sum(copies) AS copies
      FROM (
        SELECT owner, digest, 1 AS copies FROM uploaded WHERE live
        UNION ALL
        SELECT owner, digest, is_live::integer - was_live::integer FROM known
      ) AS step
      GROUP BY owner, digest
      HAVING sum(copies) <> 0
    )
    UPDATE duplicate_group SET copies = duplicate_group.copies + difference.copies
    FROM difference
    WHERE duplicate_group.owner = difference.owner AND duplicate_group.digest = difference.digest
    """
  }

  /// Makes the groups that are not there yet. Those that are have been counted by ``foldFiles(_:)``.
  static func foldMatches(_ events: EventColumns) -> Query {
    """
    WITH matched AS (
      -- 1. The first match of each group.
      SELECT DISTINCT ON (group_id) (payload ->> 'groupId')::uuid AS group_id, owner, recorded_at AS matched_at,
        (payload ->> 'size')::bigint AS size, payload ->> 'digest' AS digest
      FROM \(events: events)
      ORDER BY group_id, position
    )
    -- 2. New groups, with the live copies there are.
    INSERT INTO duplicate_group (id, owner, size, copies, matched_at, digest)
    SELECT group_id, owner, size,
      (
        SELECT count(*) FROM member
        WHERE member.owner = matched.owner AND member.digest = matched.digest AND member.live
      ),
      matched_at, digest
    FROM matched
    WHERE NOT EXISTS (SELECT FROM duplicate_group WHERE duplicate_group.id = matched.group_id)
    """
  }
}
