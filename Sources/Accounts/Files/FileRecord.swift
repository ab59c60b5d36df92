// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// A file, folded from its stream: the truth about it at one version.
struct FileRecord: Equatable, Sendable {
  var state = FileDecider.initial
  var version: Int64 = 0
  var owner: UUID?
  var uploadedAt = Date.distantPast
  var trashedAt: Date?
  /// Of the upload.
  var position = Position.start

  /// - Throws: `DecodingError`, for a stream that is not a file's.
  mutating func fold(_ events: [RecordedEvent]) throws {
    for recorded in events {
      guard let event = try FileEvent(type: recorded.type, payload: recorded.payload) else { continue }
      apply(event, at: recorded.recordedAt)
      version = recorded.version
      if case .uploaded = event {
        owner = recorded.owner
        position = recorded.position
      }
    }
  }

  mutating func apply(_ event: FileEvent, at time: Date) {
    state = FileDecider.evolve(state, event)
    version += 1
    switch event {
    case .uploaded: uploadedAt = time
    case .trashed: trashedAt = time
    case .restored: trashedAt = nil
    case .removed: break
    }
  }

  func isLive(at path: String) -> Bool {
    if case .live(let file) = state { file.path == path } else { false }
  }

  /// Nil before the upload.
  var upload: FileUploaded? {
    switch state {
    case .absent: nil
    case .live(let file), .trashed(let file), .removed(let file): file
    }
  }

  /// The file as it is now.
  ///
  /// - Parameter uploadedAt: its position, when the record was made before the log gave it one.
  /// - Precondition: it was uploaded.
  func stored(uploadedAt position: Position? = nil) -> StoredFile {
    switch state {
    case .absent: preconditionFailure("a file that never was is not shown")
    case .live(let file): stored(file, as: .live, position)
    case .trashed(let file): stored(file, as: .trashed, position)
    case .removed(let file): stored(file, as: .removed, position)
    }
  }

  /// The file as it was right after its upload, whatever became of it.
  ///
  /// - Precondition: it was uploaded.
  func storedAsUploaded(at position: Position? = nil) -> StoredFile {
    guard let upload else { preconditionFailure("a file that never was is not shown") }
    return stored(upload, as: .live, position)
  }

  private func stored(_ file: FileUploaded, as current: StoredFile.State, _ position: Position?) -> StoredFile {
    StoredFile(
      id: file.fileId, path: file.path, digest: file.digest, size: file.size, contentType: file.contentType,
      state: current, uploadedAt: uploadedAt, trashedAt: current == .live ? nil : trashedAt,
      position: position ?? self.position)
  }
}
