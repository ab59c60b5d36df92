// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// Something that an owner's ledger is asked to do.
struct FileCommand: Sendable {
  enum Action: Sendable {
    case upload(FileUploaded, UploadIdentity)
    case trash(UUID)
    case restore(UUID)
    case remove(UUID)
    /// If it is still in the trash, and was put there by then.
    case expire(UUID, trashedBy: Date)
  }

  let action: Action
  /// Nil for what nobody asked for.
  let actor: UUID?
  /// Of the request that may come again. An upload has its own in its identity.
  var key: RequestKey?
  let correlationId: UUID?

  /// The file whose stream has to be read before anything can be decided.
  var subject: UUID? {
    switch action {
    case .upload: nil
    case .trash(let id), .restore(let id), .remove(let id), .expire(let id, _): id
    }
  }

  /// Identifies an event of a command about a file: always the same under a key.
  func eventId(_ name: String) -> UUID {
    guard let key, let subject else { return .v7() }
    return key.id("change", "\(name) \(subject.text)")
  }

  /// The file that an upload makes.
  var uploaded: UploadIdentity? {
    if case .upload(_, let identity) = action { identity } else { nil }
  }

  /// The path that the command claims.
  func path(in records: [UUID: FileRecord]) -> String? {
    switch action {
    case .upload(let file, _): file.path
    case .restore(let id): records[id]?.upload?.path
    case .trash, .remove, .expire: nil
    }
  }
}

/// What the ledger answers.
enum FileAnswer: Sendable {
  case changed(StoredFile, position: Position)
  case unchanged(StoredFile)
}
