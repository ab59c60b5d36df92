// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

extension SavingsProjection: BulkLoading {
  /// Without an owner: what analysing says of a content, which is the installation's alone.
  static let stagingTables: [Query] = [
    """
    CREATE TEMPORARY TABLE staged_change (
      owner uuid, position bigint NOT NULL, size bigint NOT NULL, stored_bytes bigint, files integer NOT NULL,
      counts boolean NOT NULL, digest text COLLATE "C" NOT NULL
    )
    """
  ]

  func load(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    guard let last = batch.last?.position.rawValue else { return }
    var contents = InOrder<HeldContent, (change: ContentChange, counts: Bool)>()
    for event in batch {
      let payload = Payload(event)
      let step = try ContentChange(event, payload)
      let type = event.type
      let owner = type == "content.analyzed" ? nil : try event.requiredOwner()
      // Only a job that has succeeded says nothing to the installation.
      let counts = type != "job.succeeded"
      Self.add(
        step, counts,
        to: &contents[HeldContent(owner: owner, digest: try payload.digest()), default: (step.unchanged, false)])
    }
    try await connection.copyIn(
      "COPY staged_change (owner, position, size, stored_bytes, files, counts, digest) FROM STDIN (FORMAT binary)",
      rows: zip(contents.keys, contents.values)
    ) { row, writer in
      let (content, (change, counts)) = row
      writer.row(
        content.owner, last, change.size, change.storedBytes, Int32(clamping: change.files), counts, content.digest)
    }
  }

  private static func add(
    _ step: ContentChange, _ counts: Bool, to content: inout (change: ContentChange, counts: Bool)
  ) {
    content.change.add(step)
    content.counts = content.counts || counts
  }

  private struct HeldContent: Hashable {
    var owner: UUID?
    var digest: String
  }

  func merge(on connection: PostgresConnection) async throws {
    let rows = try await connection.query(Self.fellBelowZero)
    guard try rows.first?.decode(0, as: Bool.self) == false else { throw UnmergeableRows() }
    _ = try await connection.execute(Self.mergeContents)
    _ = try await connection.execute(Self.mergeInstallation)
    _ = try await connection.execute(StagedErasures.apply(to: "staged_change"))
    _ = try await connection.execute(Self.mergeOwnerContents)
    _ = try await connection.execute(Self.mergeOwners)
  }

  /// Whether more files of a content were removed at some time than there were, which the tables refuse. An erasure begins a new count.
  private static let fellBelowZero: Query = """
    WITH falling AS MATERIALIZED (
      SELECT DISTINCT digest FROM staged_change WHERE files < 0
    ), change AS MATERIALIZED (
      SELECT owner, digest, files, position,
        (
          SELECT count(*) FROM staged_erasure
          WHERE staged_erasure.owner = staged_change.owner AND staged_erasure.position < staged_change.position
        ) AS erasures
      FROM staged_change
      JOIN falling USING (digest)
    )
    SELECT
      EXISTS (
        SELECT
        FROM (SELECT sum(files) OVER (PARTITION BY owner, digest, erasures ORDER BY position) AS files FROM change) AS held
        WHERE files < 0
      ) OR EXISTS (
        SELECT FROM (SELECT sum(files) OVER (PARTITION BY digest ORDER BY position) AS files FROM change) AS held
        WHERE files < 0
      )
    """

  /// Of stored sizes the last one counts; of an array the position comes first.
  private static let mergeContents: Query = """
    INSERT INTO content (files, size, stored_bytes, digest)
    SELECT sum(files), max(size),
      (max(ARRAY[position, stored_bytes]) FILTER (WHERE owner IS NULL AND stored_bytes IS NOT NULL))[2], digest
    FROM staged_change
    WHERE counts
    GROUP BY digest
    ORDER BY digest
    """

  private static let mergeOwnerContents: Query = """
    INSERT INTO owner_content (owner, files, size, stored_bytes, digest)
    SELECT owner, sum(files), max(size),
      (max(ARRAY[position, stored_bytes]) FILTER (WHERE stored_bytes IS NOT NULL))[2], digest
    FROM staged_change
    WHERE owner IS NOT NULL
    GROUP BY owner, digest
    ORDER BY owner, digest
    """

  private static let mergeInstallation: Query = """
    INSERT INTO installation_savings (singleton, files, logical_bytes, unique_bytes, stored_bytes)
    SELECT true, \(unescaped: sums) FROM content HAVING count(*) > 0
    """

  private static let mergeOwners: Query = """
    INSERT INTO owner_savings (owner, files, logical_bytes, unique_bytes, stored_bytes)
    SELECT owner, \(unescaped: sums) FROM owner_content GROUP BY owner
    """

  private static let sums: StaticString = """
    sum(files), sum(files * size), coalesce(sum(size) FILTER (WHERE files > 0), 0),
      coalesce(sum(coalesce(stored_bytes, size)) FILTER (WHERE files > 0), 0)
    """
}
