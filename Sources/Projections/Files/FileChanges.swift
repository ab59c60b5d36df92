// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation

/// What a batch says of files.
struct FileChanges {
  /// Files of this batch in the state they have at its end. One that has gone again by then leaves nothing.
  let uploaded: [(UUID, FileChange)]
  /// Files of earlier batches.
  let known: [(UUID, FileChange)]

  /// - Throws: ``UnreadableEvent``.
  init(_ batch: some Sequence<RecordedEvent>) throws {
    var files = InOrder<UUID, FileChange>()
    for event in batch {
      let payload = Payload(event)
      try files[payload.uuid("fileId"), default: FileChange()].fold(event, payload)
    }
    let changes = zip(files.keys, files.values)
    uploaded = changes.filter { $1.upload != nil && !$1.isRemoved }
    known = changes.filter { $1.upload == nil }
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

  /// At the end of the batch that uploads it.
  var isLive: Bool { !(moved?.isTrashed ?? false) }

  mutating func fold(_ event: RecordedEvent, _ payload: Payload) throws {
    switch event.type {
    case "file.uploaded": upload = try Upload(event, payload, unless: upload != nil)
    case "file.trashed": moved = (true, event.recordedAt)
    case "file.restored": moved = (false, event.recordedAt)
    case "file.removed": isRemoved = true
    default: isSettled = true
    }
  }
}

extension FileChange.Upload {
  /// - Throws: ``UnreadableEvent``, also for a file that was uploaded before.
  init(_ event: RecordedEvent, _ payload: Payload, unless isKnown: Bool) throws {
    guard !isKnown else { throw UnreadableEvent(event, "the file was uploaded before") }
    self.init(
      owner: try event.requiredOwner(), position: event.position.rawValue, size: try payload.integer("size"),
      uploadedAt: event.recordedAt, digest: try payload.digest(), contentType: try payload.optionalText("contentType"),
      path: try payload.text("path"))
  }
}
