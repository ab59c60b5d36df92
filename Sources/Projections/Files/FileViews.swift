// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Postgres

/// Reads files. What is for a user takes the owner, and finds nothing of others.
public struct FileViews: Sendable {
  let source: ReadSource

  public init(_ source: ReadSource) { self.source = source }

  public init(pool: PostgresPool) { self.init(.live(pool)) }

  /// Files by path, those with the same path (all but one are trashed) by position.
  ///
  /// - Parameters:
  ///   - state: nil for all.
  ///   - prefix: only paths that begin with it, byte for byte.
  ///   - after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    owner: UUID, state: FileItem.State? = .live, prefix: String = "", limit: Int = 50, after: String? = nil
  ) async throws -> Page<FileItem> {
    let cursor = try after.cursor(PathCursor.self)
    let rows = try await source.query(
      Self.list(source.tables, owner: owner, state: state, prefix: prefix, limit: limit + 1, after: cursor))
    return Page(try rows.map(FileItem.init), limit: limit) { PathCursor(path: $0.path, position: $0.position) }
  }

  public func file(_ id: UUID, owner: UUID) async throws -> FileItem? {
    try await source.query(Self.file(source.tables, id, owner: owner)).first.map(FileItem.init)
  }

  /// Those of some files that are there, in no order.
  public func files(_ ids: [UUID], owner: UUID) async throws -> [FileItem] {
    try await source.query(Self.files(source.tables, ids, owner: owner)).map(FileItem.init)
  }

  /// Whoever owns it: for workers and administrators, never to answer a user.
  public func file(_ id: UUID) async throws -> FileItem? {
    try await source.query(Self.file(source.tables, id)).first.map(FileItem.init)
  }

  public func liveFile(owner: UUID, path: String) async throws -> FileItem? {
    try await source.query(Self.liveFile(source.tables, owner: owner, path: path)).first.map(FileItem.init)
  }

  /// The owner's earliest file with a content among those uploaded before a position, trashed or not: the original of a match.
  ///
  /// The answer is final once the projection has reached `position`, but for files removed since.
  public func original(owner: UUID, digest: Digest, before position: Position) async throws -> FileItem? {
    try await source.query(Self.original(source.tables, owner: owner, digest: digest, before: position)).first.map(
      FileItem.init)
  }
}

struct PathCursor: ListCursor, Equatable {
  static let list = "files"

  var path: String
  var position: Position
}
