// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Postgres

/// Folds the log into one row for each file that has not been removed.
public struct FilesProjection: Projection {
  public static let name = "files"
  public static let version = 1
  public static let eventTypes: Set<String>? = [
    "file.uploaded", "file.trashed", "file.restored", "file.removed", "job.succeeded",
  ]

  public static let ownerTables: [StaticString] = ["file"]

  public init() {}

  public func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    let changes = try FileChanges(batch)
    try await insert(changes.uploaded, on: connection)
    if !changes.known.isEmpty { _ = try await connection.execute(Self.change(changes.known)) }
  }

  func insert(_ files: [(UUID, FileChange)], on connection: PostgresConnection) async throws {
    guard !files.isEmpty else { return }
    try await connection.copyIn(
      """
      COPY file (id, owner, position, size, uploaded_at, trashed_at, settled, state, digest, content_type, path)
      FROM STDIN (FORMAT binary)
      """, rows: files
    ) { row, writer in
      guard let file = row.1.upload else { return }
      let isTrashed = row.1.moved?.isTrashed ?? false
      writer.row(
        row.0, file.owner, file.position, file.size, file.uploadedAt, isTrashed ? row.1.moved?.at : nil,
        row.1.isSettled, isTrashed ? "trashed" : "live", file.digest, file.contentType, file.path)
    }
  }

  /// Files of earlier batches.
  static func change(_ files: [(UUID, FileChange)]) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(files.map(\.0)), \(files.map(\.1.isRemoved)), \(files.map(\.1.isSettled)), \(files.map(\.1.moved?.isTrashed)),
        \(files.map(\.1.moved?.at))
      ) AS change (id, removed, settled, trashed, moved_at)
    ), removal AS (
      DELETE FROM file USING change WHERE file.id = change.id AND change.removed
    )
    UPDATE file
    SET settled = file.settled OR change.settled,
      state = CASE trashed WHEN true THEN 'trashed' WHEN false THEN 'live' ELSE state END,
      trashed_at = CASE trashed WHEN true THEN moved_at WHEN false THEN NULL ELSE trashed_at END
    FROM change
    WHERE file.id = change.id AND NOT change.removed
    """
  }
}

extension RecordedEvent {
  /// - Throws: ``UnreadableEvent`` for an event that is nobody's.
  func requiredOwner() throws(UnreadableEvent) -> UUID {
    guard let owner else { throw UnreadableEvent(self, "it has no owner") }
    return owner
  }
}
