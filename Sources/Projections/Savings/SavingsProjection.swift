// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
import Metrics
public import Postgres

/// Folds the log into sums of bytes: what owners hold, what that is with each content counted once, and what is kept of it.
///
/// Trashed files count, because their bytes are kept. For an owner a content counts as compressed only once a job of that owner has
/// settled it: otherwise an upload that settles at once would tell that somebody else has the content.
public struct SavingsProjection: Projection {
  public static let name = "savings"
  public static let version = 1
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "file.removed", "job.succeeded", "content.analyzed",
  ]

  public static let ownerTables: [StaticString] = ["owner_content", "owner_savings"]

  /// A gauge despite its name: removing files lowers it.
  private let saved = Meter(label: "storage_bytes_saved_total")

  public init() {}

  /// What owners see comes from their own events, and what the installation shows from everybody's contents.
  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    var owned = InOrder<OwnedContent, ContentChange>()
    var contents = InOrder<String, ContentChange>()
    for event in batch {
      let payload = Payload(event)
      let step = try ContentChange(event, payload)
      let digest = try payload.digest()
      if event.type != "content.analyzed" {
        owned[OwnedContent(owner: try event.requiredOwner(), digest: digest), default: step.unchanged].add(step)
      }
      if event.type != "job.succeeded" { contents[digest, default: step.unchanged].add(step) }
    }
    if !owned.isEmpty { _ = try await connection.execute(Self.foldOwners(owned)) }
    if !contents.isEmpty { _ = try await connection.execute(Self.foldInstallation(contents)) }
  }

  public func didCommit(in pool: PostgresPool) async throws {
    let installation = try await SavingsViews(pool: pool).installation()
    saved.set(installation.savedByDuplicates + installation.savedByCompression)
  }

  /// Written in the order of the keys, so that neighbours in the index are met together.
  static func foldOwners(_ contents: InOrder<OwnedContent, ContentChange>) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(contents.keys.map(\.owner)), \(contents.keys.map(\.digest)), \(contents.values.map(\.size)),
        \(contents.values.map(\.files)), \(contents.values.map(\.storedBytes))
      ) AS change (owner, digest, size, files, stored_bytes)
    ), content AS (
      -- 1. Each content before and after the batch.
      SELECT owner, digest, change.size,
        coalesce(known.files, 0) AS files_before,
        coalesce(known.files, 0) + change.files AS files,
        coalesce(known.stored_bytes, change.size) AS stored_before,
        coalesce(change.stored_bytes, known.stored_bytes) AS stored_bytes,
        known.files IS NULL AS is_new
      FROM change
      LEFT JOIN owner_content AS known USING (owner, digest)
    ), insertion AS (
      -- Nobody else writes, so it is known which are there: twice as quick as ON CONFLICT.
      INSERT INTO owner_content (owner, files, size, stored_bytes, digest)
      SELECT owner, files, size, stored_bytes, digest FROM content WHERE is_new ORDER BY owner, digest
    ), update AS (
      UPDATE owner_content SET files = content.files, stored_bytes = content.stored_bytes
      FROM content
      WHERE NOT is_new AND owner_content.owner = content.owner AND owner_content.digest = content.digest
    )
    -- 2. The owner's sums move by the difference. A content counts once while there is a file of it.
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
  static func foldInstallation(_ contents: InOrder<String, ContentChange>) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(contents.keys), \(contents.values.map(\.size)), \(contents.values.map(\.files)),
        \(contents.values.map(\.storedBytes))
      ) AS change (digest, size, files, stored_bytes)
    ), after AS (
      SELECT digest, change.size,
        coalesce(known.files, 0) AS files_before,
        coalesce(known.files, 0) + change.files AS files,
        coalesce(known.stored_bytes, change.size) AS stored_before,
        coalesce(change.stored_bytes, known.stored_bytes) AS stored_bytes,
        known.files IS NULL AS is_new
      FROM change
      LEFT JOIN content AS known USING (digest)
    ), insertion AS (
      INSERT INTO content (files, size, stored_bytes, digest)
      SELECT files, size, stored_bytes, digest FROM after WHERE is_new ORDER BY digest
    ), update AS (
      UPDATE content SET files = after.files, stored_bytes = after.stored_bytes
      FROM after
      WHERE NOT is_new AND content.digest = after.digest
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
