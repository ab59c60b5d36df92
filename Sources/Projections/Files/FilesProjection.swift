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
    var changes = InOrder<UUID, FileChange>()
    for event in batch {
      try changes[Payload(event).uuid("fileId"), default: FileChange()].fold(event)
    }
    // A file of this batch gets its final state at once; one that has gone again by its end leaves nothing.
    let uploaded = zip(changes.keys, changes.values).filter { $1.upload != nil && !$1.isRemoved }
    if !uploaded.isEmpty { try await insert(uploaded, on: connection) }
    let known = zip(changes.keys, changes.values).filter { $1.upload == nil }
    if !known.isEmpty { _ = try await connection.execute(Self.change(known)) }
  }

  private func insert(_ files: [(UUID, FileChange)], on connection: PostgresConnection) async throws {
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

/// What a batch says of one file. Removal is final; of trashing and restoring the last one counts.
struct FileChange {
  struct Upload {
    var owner: UUID
    var position: Int64
    var size: Int64
    var uploadedAt: Date
    var digest: String
    var contentType: String?
    var path: String
  }

  var upload: Upload?
  var moved: (isTrashed: Bool, at: Date)?
  var isRemoved = false
  var isSettled = false

  mutating func fold(_ event: RecordedEvent) throws {
    switch event.type {
    case "file.uploaded": upload = try Upload(event, unless: upload != nil)
    case "file.trashed": moved = (true, event.recordedAt)
    case "file.restored": moved = (false, event.recordedAt)
    case "file.removed": isRemoved = true
    default: isSettled = true
    }
  }
}

extension FileChange.Upload {
  /// - Throws: ``UnreadableEvent``, also for a file that was uploaded before.
  init(_ event: RecordedEvent, unless isKnown: Bool) throws {
    guard !isKnown else { throw UnreadableEvent(event, "the file was uploaded before") }
    let payload = Payload(event)
    self.init(
      owner: try event.requiredOwner(), position: event.position.rawValue, size: try payload.integer("size"),
      uploadedAt: event.recordedAt, digest: try payload.digest(), contentType: try payload.optionalText("contentType"),
      path: try payload.text("path"))
  }
}

extension RecordedEvent {
  /// - Throws: ``UnreadableEvent`` for an event that is nobody's.
  func requiredOwner() throws(UnreadableEvent) -> UUID {
    guard let owner else { throw UnreadableEvent(self, "it has no owner") }
    return owner
  }
}
