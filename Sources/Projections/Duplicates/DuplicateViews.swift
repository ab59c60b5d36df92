// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation
public import Postgres

/// Reads an owner's duplicate groups.
public struct DuplicateViews: Sendable {
  private let source: ReadSource

  public init(_ source: ReadSource) { self.source = source }

  public init(pool: PostgresPool) { self.init(.live(pool)) }

  /// Groups with two live copies or more, the most reclaimable bytes first.
  ///
  /// A group whose bytes change between two parts of the list may appear in both or in neither.
  /// - Parameters:
  ///   - files: how many files of each group to give.
  ///   - after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    owner: UUID, limit: Int = 50, after: String? = nil, files: Int = 20
  ) async throws -> Page<DuplicateGroup> {
    let cursor = try after.cursor(GroupCursor.self)
    let rows = try await source.query(
      Self.list(source.tables, owner: owner, limit: limit + 1, after: cursor, files: files))
    return Page(try Self.groups(rows), limit: limit) { GroupCursor(reclaimable: $0.reclaimableBytes, id: $0.id) }
  }

  /// Nil when there is no such group of this owner, or fewer than two live copies are left of it.
  public func group(_ id: UUID, owner: UUID, files: Int = 20) async throws -> DuplicateGroup? {
    try Self.groups(try await source.query(Self.group(source.tables, id, owner: owner, files: files))).first
  }

  public func totals(owner: UUID) async throws -> DuplicateTotals {
    let rows = try await source.query(Self.totals(source.tables, owner: owner))
    guard let row = rows.first else { return DuplicateTotals(groups: 0, copies: 0, reclaimableBytes: 0) }
    let (groups, copies, reclaimable) = try row.decode((Int64, Int64, Int64).self)
    return DuplicateTotals(groups: groups, copies: copies, reclaimableBytes: reclaimable)
  }

  /// Rows of one group follow each other, one a file.
  private static func groups(_ rows: PostgresRows) throws -> [DuplicateGroup] {
    var groups: [DuplicateGroup] = []
    for row in rows {
      let (id, digest, size, copies, reclaimable, matchedAt, fileId, path, uploadedAt) = try row.decode(
        (UUID, String, Int64, Int64, Int64, Date, UUID, String, Date).self)
      if groups.last?.id != id {
        groups.append(
          DuplicateGroup(
            id: id, digest: try Digest.read(digest), size: size, copies: copies, reclaimableBytes: reclaimable,
            matchedAt: matchedAt, files: []))
      }
      groups[groups.count - 1].files.append(DuplicateMember(id: fileId, path: path, uploadedAt: uploadedAt))
    }
    return groups
  }
}

struct GroupCursor: ListCursor, Equatable {
  static let list = "duplicates"

  var reclaimable: Int64
  var id: UUID
}
