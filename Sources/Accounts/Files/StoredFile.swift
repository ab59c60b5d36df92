// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// A file of an owner, as the log tells it.
public struct StoredFile: Equatable, Sendable {
  public enum State: Equatable, Sendable { case live, trashed, removed }

  public let id: UUID
  public let path: String
  public let digest: Digest
  /// Logical bytes.
  public let size: Int64
  public let contentType: String?
  public let state: State
  public let uploadedAt: Date
  public let trashedAt: Date?
  /// Where the log tells of the upload.
  public let position: Position
}

/// A file whose bytes are durable, to be taken in.
public struct FileUpload: Sendable {
  public let path: FilePath
  public let digest: Digest
  /// Logical bytes, charged to the owner whether or not the bytes are kept already.
  public let size: Int64
  /// As the client says it; what cannot be one (control characters, more than 255 bytes) is left out.
  public let contentType: String?
  /// Any text of the client's choice, for one upload and its repetitions.
  public let idempotencyKey: String?

  public init(path: FilePath, digest: Digest, size: Int64, contentType: String? = nil, idempotencyKey: String? = nil) {
    self.path = path
    self.digest = digest
    self.size = size
    self.contentType = contentType
    self.idempotencyKey = idempotencyKey
  }
}

/// What an upload came to.
public enum UploadOutcome: Equatable, Sendable {
  /// - Parameter position: of the upload's last event. A repetition under the same idempotency key gets the first answer again.
  case created(StoredFile, position: Position)
  /// The path already has these bytes; nothing was appended.
  case unchanged(StoredFile)
}

/// What a change of a file came to.
public struct FileChange: Equatable, Sendable {
  public let file: StoredFile
  /// Of the change's last event.
  public let position: Position
}
