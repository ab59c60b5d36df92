// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
import Postgres

/// Who has which paths, as of one position of the log.
public struct LivePaths: Equatable, Sendable {
  /// What the answer reflects: everything up to it, and nothing after it.
  public var position: Position
  /// The live file of each path that has one.
  public var files: [PathKey: UUID]
}

extension FileViews {
  /// Looks up many paths at once, for whoever is to decide on them.
  public func livePaths(owner: UUID, among paths: [String]) async throws -> LivePaths {
    var answer = LivePaths(position: .start, files: [:])
    for row in try await source.lookUp(Self.livePaths(source.tables, owner: owner, among: paths)) {
      answer.position = Position(try row.decode(0))
      if let path = try row.decode(1, as: String?.self) {
        answer.files[PathKey(path)] = try row.decode(2, as: UUID.self)
      }
    }
    return answer
  }

  /// One statement, so that rows and position are of one moment. Without any live file it is one row, of the position alone.
  ///
  /// Path by path: asked for `path = ANY (…)`, the planner takes an index scan over all of the owner's files for as cheap, until the
  /// table has statistics.
  static func livePaths(_ tables: ReadTables, owner: UUID, among paths: [String]) -> Query {
    """
    SELECT checkpoint.position, file.path, file.id
    FROM \(unescaped: tables.checkpoint)
    LEFT JOIN (
      unnest(\(paths)) AS wanted (path)
      CROSS JOIN LATERAL (
        SELECT path, id
        FROM \(unescaped: tables.file)
        WHERE owner = \(owner) AND path = wanted.path AND state = 'live'
        ORDER BY owner, path, position DESC
        LIMIT 1
      ) AS file
    ) ON true
    WHERE checkpoint.name = \(FilesProjection.name)
    """
  }
}
