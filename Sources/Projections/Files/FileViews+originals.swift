// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Postgres

extension FileViews {
  /// A file whose original is wanted.
  public struct Candidate: Sendable, Hashable {
    public var fileId: UUID
    public var owner: UUID
    public var digest: Digest
    /// Of its upload.
    public var position: Position

    public init(fileId: UUID, owner: UUID, digest: Digest, position: Position) {
      self.fileId = fileId
      self.owner = owner
      self.digest = digest
      self.position = position
    }
  }

  /// What one look at the projection found.
  public struct Originals: Sendable, Equatable {
    /// How far the projection was at that very moment. Answers about later uploads mean nothing.
    public var reached: Position
    /// For each file that has not been removed: its owner's earliest file with the same content, or nil when that is the file itself.
    public var byFile: [UUID: UUID?]
  }

  /// One statement for all candidates, and for the checkpoint: tables that are being filled anew are not taken for complete.
  public func originals(of candidates: [Candidate]) async throws -> Originals {
    var originals = Originals(reached: .start, byFile: [:])
    guard !candidates.isEmpty else { return originals }
    for row in try await source.lookUp(Self.originals(source.tables, of: candidates)) {
      let (reached, file, original) = try row.decode((Int64, UUID?, UUID?).self)
      originals.reached = Position(reached)
      if let file { originals.byFile[file] = .some(original) }
    }
    return originals
  }

  static func originals(_ tables: ReadTables, of candidates: [Candidate]) -> Query {
    """
    SELECT coalesce((SELECT position FROM \(unescaped: tables.checkpoint) WHERE name = 'files'), 0), file.id, earliest.id
    FROM unnest(
        \(candidates.map(\.fileId)), \(candidates.map(\.owner)), \(candidates.map(\.digest.description)),
        \(candidates.map(\.position.rawValue))
      ) AS wanted (id, owner, digest, position)
    LEFT JOIN \(unescaped: tables.file) ON file.id = wanted.id
    LEFT JOIN LATERAL (
      SELECT id
      FROM \(unescaped: tables.file)
      WHERE owner = wanted.owner AND digest = wanted.digest AND position < wanted.position
      ORDER BY position
      LIMIT 1
    ) AS earliest ON true
    """
  }
}
