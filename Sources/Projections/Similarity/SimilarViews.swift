// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation
public import Postgres

/// Reads an owner's groups of similar contents.
public struct SimilarViews: Sendable {
  let source: ReadSource

  public init(_ source: ReadSource) { self.source = source }

  public init(pool: PostgresPool) { self.init(.live(pool)) }

  /// How much of a group to give.
  public struct Extent: Sendable {
    var contents: Int
    /// Of each content.
    var files: Int

    public init(contents: Int = 20, files: Int = 5) {
      self.contents = contents
      self.files = files
    }
  }

  /// The groups with the most bytes first.
  ///
  /// A group whose bytes change between two parts of the list may appear in both or in neither.
  /// - Parameter after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    owner: UUID, limit: Int = 50, after: String? = nil, extent: Extent = Extent()
  ) async throws -> Page<SimilarGroup> {
    let cursor = try after.cursor(SimilarGroupCursor.self)
    let rows = try await source.query(
      Self.list(source.tables, owner: owner, limit: limit + 1, after: cursor, extent))
    return Page(try Self.groups(rows), limit: limit) { SimilarGroupCursor(bytes: $0.bytes, id: $0.id) }
  }

  /// Nil when there is no such group of this owner.
  public func group(
    _ id: UUID, owner: UUID, extent: Extent = Extent(contents: 1000, files: 5)
  ) async throws -> SimilarGroup? {
    try Self.groups(try await source.query(Self.group(source.tables, id, owner: owner, extent))).first
  }

  public func totals(owner: UUID) async throws -> SimilarTotals {
    let rows = try await source.query(Self.totals(source.tables, owner: owner))
    guard let row = rows.first else { return SimilarTotals(groups: 0, contents: 0, bytes: 0) }
    let (groups, contents, bytes) = try row.decode((Int64, Int64, Int64).self)
    return SimilarTotals(groups: groups, contents: contents, bytes: bytes)
  }

  /// What the owner has said of pairs, the latest first.
  ///
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func decisions(
    owner: UUID, limit: Int = 50, after: String? = nil
  ) async throws -> Page<DuplicateDecision> {
    let cursor = try after.cursor(DecisionCursor.self)
    let rows = try await source.query(
      Self.decisions(source.tables, owner: owner, limit: limit + 1, after: cursor))
    let decisions = try rows.map { row in
      let (id, dismissedAt, left, leftPath, right, rightPath) = try row.decode(
        (UUID, Date, String, String?, String, String?).self)
      return DuplicateDecision(
        id: id, dismissedAt: dismissedAt,
        contents: [
          DuplicateDecision.Content(digest: try Digest.read(left), path: leftPath),
          DuplicateDecision.Content(digest: try Digest.read(right), path: rightPath),
        ])
    }
    return Page(decisions, limit: limit) { DecisionCursor(at: $0.dismissedAt, id: $0.id) }
  }

  /// Rows of one group follow each other, and within it those of one content, one a file.
  private static func groups(_ rows: PostgresRows) throws -> [SimilarGroup] {
    var groups: [SimilarGroup] = []
    for row in rows {
      let (id, contents, bytes, matchedAt, text, size, score, algorithm, copies, fileId, path, uploadedAt) =
        try row
        .decode((UUID, Int64, Int64, Date, String, Int64, Double, String?, Int64, UUID, String, Date).self)
      if groups.last?.id != id {
        groups.append(SimilarGroup(id: id, contents: contents, bytes: bytes, matchedAt: matchedAt, members: []))
      }
      let last = groups.count - 1
      let digest = try Digest.read(text)
      if groups[last].members.last?.digest != digest {
        groups[last].members.append(
          SimilarGroup.Member(
            digest: digest, size: size, score: score, algorithm: algorithm, copies: copies, files: []))
      }
      groups[last].members[groups[last].members.count - 1].files.append(
        DuplicateMember(id: fileId, path: path, uploadedAt: uploadedAt))
    }
    return groups
  }
}

struct SimilarGroupCursor: ListCursor, Equatable {
  static let list = "similar"

  var bytes: Int64
  var id: UUID
}

struct DecisionCursor: ListCursor, Equatable {
  static let list = "decisions"

  var at: Date
  var id: UUID
}
