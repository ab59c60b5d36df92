// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to a file. Stream: `file-<fileId>`.
public enum FileEvent: Equatable, Sendable {
  case uploaded(FileUploaded)
  case trashed(FileTrashed)
  case restored(FileRestored)
  case removed(FileRemoved)
}

/// The class of the work that an upload causes; see docs/glossary.md.
public enum JobClass: String, Codable, Sendable, CaseIterable { case admin, interactive, bulk }

/// The bytes are durable and hashed; the work on them follows from this event.
public struct FileUploaded: DomainEvent {
  public static let eventType = "file.uploaded"
  /// Version 2 keeps the path encrypted.
  public static let schemaVersion = 2
  public static let alikeSince = 1
  public static let personalMembers = ["path": 2]
  public var fileId: UUID
  public var path: String
  public var digest: Digest
  /// Logical bytes.
  public var size: Int64
  public var contentType: String?
  public var jobClass: JobClass
  /// Uploads that a client sent together, by a name of its choice.
  public var batchId: UUID?

  public init(
    fileId: UUID, path: String, digest: Digest, size: Int64, contentType: String?, jobClass: JobClass,
    batchId: UUID? = nil
  ) {
    self.fileId = fileId
    self.path = path
    self.digest = digest
    self.size = size
    self.contentType = contentType
    self.jobClass = jobClass
    self.batchId = batchId
  }
}

public struct FileTrashed: DomainEvent {
  public static let eventType = "file.trashed"
  public var fileId: UUID
  public var reason: Reason
  /// The file that took the path, when the reason is ``Reason/replaced``.
  public var replacedBy: UUID?

  public enum Reason: String, Codable, Sendable { case deleted, replaced }

  public init(fileId: UUID, reason: Reason, replacedBy: UUID? = nil) {
    self.fileId = fileId
    self.reason = reason
    self.replacedBy = replacedBy
  }
}

public struct FileRestored: DomainEvent {
  public static let eventType = "file.restored"
  public var fileId: UUID

  public init(fileId: UUID) { self.fileId = fileId }
}

/// For good: the quota is released and the file cannot come back.
public struct FileRemoved: DomainEvent {
  public static let eventType = "file.removed"
  public var fileId: UUID
  public var digest: Digest
  public var size: Int64

  public init(fileId: UUID, digest: Digest, size: Int64) {
    self.fileId = fileId
    self.digest = digest
    self.size = size
  }
}
