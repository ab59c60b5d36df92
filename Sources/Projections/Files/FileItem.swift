// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Postgres

/// A file that has not been removed.
public struct FileItem: Equatable, Sendable {
  public enum State: String, Codable, Sendable, CaseIterable { case live, trashed }

  public var id: UUID
  public var owner: UUID
  /// Unique among the owner's live files.
  public var path: String
  public var digest: Digest
  /// Logical bytes.
  public var size: Int64
  public var contentType: String?
  public var state: State
  /// The file's own job has succeeded.
  public var settled: Bool
  public var uploadedAt: Date
  public var trashedAt: Date?
  /// Where the log tells of the upload.
  public var position: Position
}

extension FileItem {
  /// The columns that ``init(_:)`` reads, in its order.
  static let columns: StaticString =
    "id, owner, path, digest, size, content_type, state, settled, uploaded_at, trashed_at, position"

  init(_ row: PostgresRow) throws(PostgresError) {
    let digest: String
    let state: String
    let position: Int64
    (id, owner, path, digest, size, contentType, state, settled, uploadedAt, trashedAt, position) = try row.decode(
      (UUID, UUID, String, String, Int64, String?, String, Bool, Date, Date?, Int64).self)
    self.digest = try Digest.read(digest)
    self.state = try State.read(state)
    self.position = Position(position)
  }
}
