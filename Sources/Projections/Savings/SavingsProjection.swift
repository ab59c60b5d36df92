// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Metrics
public import Postgres

/// Folds the log into sums of bytes: what owners hold, what that is with each content counted once, and what is kept of it.
///
/// Trashed files count, because their bytes are kept. For an owner a content counts as compressed only once a job of that owner has
/// settled it: otherwise an upload that settles at once would tell that somebody else has the content.
public struct SavingsProjection: Projection {
  public static let name = "savings"
  public static let version = 1
  public static let eventTypes: Set<String> = [
    "file.uploaded", "file.removed", "job.succeeded", "content.analyzed",
  ]

  /// A gauge despite its name: removing files lowers it.
  private let saved = Meter(label: "storage_bytes_saved_total")

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    // What owners see comes from their own events, and what the installation shows from everybody's contents.
    let owned = batch.filter { $0.type != "content.analyzed" }
    let contents = batch.filter { $0.type != "job.succeeded" }
    if !owned.isEmpty { _ = try await connection.execute(Self.foldOwners(EventColumns(owned))) }
    if !contents.isEmpty { _ = try await connection.execute(Self.foldInstallation(EventColumns(contents))) }
  }

  public func didCommit(in pool: PostgresPool) async throws {
    let installation = try await SavingsViews(pool: pool).installation()
    saved.set(installation.savedByDuplicates + installation.savedByCompression)
  }

  static func foldOwners(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      -- 1. The events as changes of a count, and the stored size where one is told.
      SELECT position, owner, payload ->> 'digest' AS digest, (payload ->> 'size')::bigint AS size,
        CASE type WHEN 'file.uploaded' THEN 1 WHEN 'file.removed' THEN -1 ELSE 0 END AS files,
        (payload ->> 'storedBytes')::bigint AS stored_bytes
      FROM \(events: events)
    ), change AS (
      -- 2. The sum of them for each content of an owner; of stored sizes the last one counts.
      SELECT owner, digest, max(size) AS size, sum(files) AS files,
        (array_agg(stored_bytes ORDER BY position DESC) FILTER (WHERE stored_bytes IS NOT NULL))[1] AS stored_bytes
      FROM event
      GROUP BY owner, digest
    ), content AS (
      -- 3. Each content before and after the batch.
      SELECT owner, digest, change.size,
        coalesce(known.files, 0) AS files_before,
        coalesce(known.files, 0) + change.files AS files,
        coalesce(known.stored_bytes, change.size) AS stored_before,
        coalesce(change.stored_bytes, known.stored_bytes) AS stored_bytes
      FROM change
      LEFT JOIN owner_content AS known USING (owner, digest)
    ), upsert AS (
      INSERT INTO owner_content (owner, files, size, stored_bytes, digest)
      SELECT owner, files, size, stored_bytes, digest FROM content
      ON CONFLICT (owner, digest) DO UPDATE SET files = excluded.files, stored_bytes = excluded.stored_bytes
    )
    -- 4. The owner's sums move by the difference. A content counts once while there is a file of it.
    INSERT INTO owner_savings AS sums (owner, files, logical_bytes, unique_bytes, stored_bytes)
    SELECT owner,
      sum(files - files_before),
      sum((files - files_before) * size),
      sum(((files > 0)::integer - (files_before > 0)::integer) * size),
      sum((files > 0)::integer * coalesce(stored_bytes, size) - (files_before > 0)::integer * stored_before)
    FROM content
    GROUP BY owner
    ON CONFLICT (owner) DO UPDATE SET
      files = sums.files + excluded.files,
      logical_bytes = sums.logical_bytes + excluded.logical_bytes,
      unique_bytes = sums.unique_bytes + excluded.unique_bytes,
      stored_bytes = sums.stored_bytes + excluded.stored_bytes
    """
  }

  /// The same steps as for an owner, over all owners.
  static func foldInstallation(_ events: EventColumns) -> Query {
    """
    WITH event AS (
      SELECT position, payload ->> 'digest' AS digest, (payload ->> 'size')::bigint AS size,
        CASE type WHEN 'file.uploaded' THEN 1 WHEN 'file.removed' THEN -1 ELSE 0 END AS files,
        (payload ->> 'storedBytes')::bigint AS stored_bytes
      FROM \(events: events)
    ), change AS (
      SELECT digest, max(size) AS size, sum(files) AS files,
        (array_agg(stored_bytes ORDER BY position DESC) FILTER (WHERE stored_bytes IS NOT NULL))[1] AS stored_bytes
      FROM event
      GROUP BY digest
    ), after AS (
      SELECT digest, change.size,
        coalesce(known.files, 0) AS files_before,
        coalesce(known.files, 0) + change.files AS files,
        coalesce(known.stored_bytes, change.size) AS stored_before,
        coalesce(change.stored_bytes, known.stored_bytes) AS stored_bytes
      FROM change
      LEFT JOIN content AS known USING (digest)
    ), upsert AS (
      INSERT INTO content (files, size, stored_bytes, digest)
      SELECT files, size, stored_bytes, digest FROM after
      ON CONFLICT (digest) DO UPDATE SET files = excluded.files, stored_bytes = excluded.stored_bytes
    )
    INSERT INTO installation_savings AS sums (singleton, files, logical_bytes, unique_bytes, stored_bytes)
    SELECT true,
      sum(files - files_before),
      sum((files - files_before) * size),
      sum(((files > 0)::integer - (files_before > 0)::integer) * size),
      sum((files > 0)::integer * coalesce(stored_bytes, size) - (files_before > 0)::integer * stored_before)
    FROM after
    ON CONFLICT (singleton) DO UPDATE SET
      files = sums.files + excluded.files,
      logical_bytes = sums.logical_bytes + excluded.logical_bytes,
      unique_bytes = sums.unique_bytes + excluded.unique_bytes,
      stored_bytes = sums.stored_bytes + excluded.stored_bytes
    """
  }
}
