// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Postgres

/// Folds the log into each owner's files by content, and the groups of those that were matched.
public struct DuplicatesProjection: Projection {
  public static let name = "duplicates"
  public static let version = 1
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "file.trashed", "file.restored", "file.removed", "duplicates.exactMatched",
  ]

  public static let ownerTables: [StaticString] = ["member", "duplicate_group"]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let (files, groups) = try Self.read(batch)
    // Members first: a new group counts them as they are after the whole batch.
    try await insert(files.uploaded, on: connection)
    let copies = Self.copies(files.uploaded)
    if !files.known.isEmpty || !copies.isEmpty { _ = try await connection.execute(Self.change(files.known, copies)) }
    if !groups.isEmpty { _ = try await connection.execute(Self.fold(groups)) }
  }

  static func read(_ batch: [RecordedEvent]) throws -> (FileChanges, [MatchedGroup]) {
    var groups = InOrder<UUID, MatchedGroup>()
    for event in batch where event.type == "duplicates.exactMatched" {
      let group = try MatchedGroup(event)
      // The first match makes the group.
      groups.add(group, for: group.id)
    }
    return (try FileChanges(batch.lazy.filter { $0.type != "duplicates.exactMatched" }), groups.values)
  }

  func insert(_ files: [(UUID, FileChange)], on connection: PostgresConnection) async throws {
    guard !files.isEmpty else { return }
    try await connection.copyIn(
      "COPY member (file_id, owner, position, size, uploaded_at, live, digest, path) FROM STDIN (FORMAT binary)",
      rows: files
    ) { row, writer in
      guard let file = row.1.upload else { return }
      writer.row(
        row.0, file.owner, file.position, file.size, file.uploadedAt, row.1.isLive, file.digest, file.path)
    }
  }

  private static func copies(_ files: [(UUID, FileChange)]) -> InOrder<OwnedContent, Int64> {
    var copies = InOrder<OwnedContent, Int64>()
    for (_, change) in files where change.isLive {
      guard let file = change.upload else { continue }
      copies[OwnedContent(owner: file.owner, digest: file.digest), default: 0] += 1
    }
    return copies
  }

  /// Members of earlier batches, and the copies of groups, which count those of this batch as well.
  static func change(_ files: [(UUID, FileChange)], _ copies: InOrder<OwnedContent, Int64>) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(\(files.map(\.0)), \(files.map(\.1.isRemoved)), \(files.map(\.1.moved?.isTrashed)))
        AS change (file_id, removed, trashed)
    ), known AS (
      -- 1. Members before and after the batch.
      SELECT file_id, owner, digest, removed, live AS was_live, NOT removed AND coalesce(NOT trashed, live) AS is_live
      FROM member
      JOIN change USING (file_id)
    ), removal AS (
      DELETE FROM member USING known WHERE member.file_id = known.file_id AND known.removed
    ), update AS (
      UPDATE member SET live = is_live
      FROM known
      WHERE member.file_id = known.file_id AND NOT removed AND is_live <> was_live
    ), difference AS (
      -- 2. How many live copies of each content came or went.
      SELECT owner, digest, sum(copies) AS copies
      FROM (
        SELECT *
        FROM unnest(\(copies.keys.map(\.owner)), \(copies.keys.map(\.digest)), \(copies.values))
          AS uploaded (owner, digest, copies)
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

  /// Makes the groups that are not there yet. Those that are have been counted by ``change(_:_:)``.
  static func fold(_ groups: [MatchedGroup]) -> Query {
    """
    INSERT INTO duplicate_group (id, owner, size, copies, matched_at, digest)
    SELECT id, owner, size,
      (
        SELECT count(*) FROM member
        WHERE member.owner = matched.owner AND member.digest = matched.digest AND member.live
      ),
      matched_at, digest
    FROM unnest(
      \(groups.map(\.id)), \(groups.map(\.owner)), \(groups.map(\.size)), \(groups.map(\.matchedAt)),
      \(groups.map(\.digest))
    ) AS matched (id, owner, size, matched_at, digest)
    WHERE NOT EXISTS (SELECT FROM duplicate_group WHERE duplicate_group.id = matched.id)
    """
  }
}

/// A content as one owner has it.
struct OwnedContent: Hashable {
  var owner: UUID
  var digest: String
}

/// A group as its first match in a batch makes it.
struct MatchedGroup {
  var id: UUID
  var owner: UUID
  var size: Int64
  var matchedAt: Date
  var digest: String

  init(_ event: RecordedEvent) throws {
    let payload = Payload(event)
    id = try payload.uuid("groupId")
    owner = try event.requiredOwner()
    size = try payload.integer("size")
    matchedAt = event.recordedAt
    digest = try payload.digest()
  }
}
