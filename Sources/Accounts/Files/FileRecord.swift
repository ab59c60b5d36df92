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
  /// Where each event of the stream is, by its id.
  var places: [UUID: Position] = [:]

  /// - Throws: `DecodingError`, for a stream that is not a file's.
  mutating func fold(_ events: [RecordedEvent]) throws {
    for recorded in events {
      guard let event = try FileEvent(type: recorded.type, payload: recorded.payload) else { continue }
      apply(event, at: recorded.recordedAt)
      version = recorded.version
      places[recorded.id] = recorded.position
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
    if case .live(let file) = state { PathKey(file.path) == PathKey(path) } else { false }
  }

  /// Nil before the upload.
  var upload: FileUploaded? {
    switch state {
    case .absent: nil
    case .live(let file), .trashed(let file), .removed(let file): file
    }
  }

  /// The record, once the log has told the time of what was still to be appended.
  ///
  /// - Parameter upload: the upload's position, if the upload was part of it.
  func recorded(at upload: Position?, _ time: Date?) -> FileRecord {
    var record = self
    if let upload { record.position = upload }
    if let time, uploadedAt == .notYetKnown { record.uploadedAt = time }
    if let time, trashedAt == .notYetKnown { record.trashedAt = time }
    return record
  }

  /// The file as it is now.
  ///
  /// - Precondition: it was uploaded.
  func stored() -> StoredFile {
    switch state {
    case .absent: preconditionFailure("a file that never was is not shown")
    case .live(let file): stored(file, as: .live)
    case .trashed(let file): stored(file, as: .trashed)
    case .removed(let file): stored(file, as: .removed)
    }
  }

  /// The file as it was right after its upload, whatever became of it.
  ///
  /// - Precondition: it was uploaded.
  func storedAsUploaded() -> StoredFile {
    guard let upload else { preconditionFailure("a file that never was is not shown") }
    return stored(upload, as: .live)
  }

  private func stored(_ file: FileUploaded, as current: StoredFile.State) -> StoredFile {
    StoredFile(
      id: file.fileId, path: file.path, digest: file.digest, size: file.size, contentType: file.contentType,
      state: current, uploadedAt: uploadedAt, trashedAt: current == .live ? nil : trashedAt, position: position)
  }
}
