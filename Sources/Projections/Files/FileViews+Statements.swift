// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres

extension FileViews {
  /// Greater than every path, so that a list without a prefix is the same statement as one with it.
  private static let beyondAllPaths = String(repeating: "\u{10ffff}", count: FilePath.maxBytes / 4 + 1)

  /// A text for each state, so that the index of that state is found whatever the values.
  static func list(
    _ tables: ReadTables, owner: UUID, state: FileItem.State?, prefix: String, limit: Int, after: PathCursor?
  ) -> Query {
    let range = PathPrefix(prefix)
    let upper = range.upper ?? beyondAllPaths
    // No path is empty: these stand before the first.
    let (path, position) = (after?.path ?? "", after?.position.rawValue ?? 0)
    switch state {
    case .live:
      return """
        SELECT \(unescaped: FileItem.columns)
        FROM \(unescaped: tables.file)
        WHERE owner = \(owner) AND state = 'live' AND path >= \(range.lower) AND path < \(upper)
          AND (path, position) > (\(path), \(position))
        ORDER BY path, position
        LIMIT \(limit)
        """
    case .trashed:
      return """
        SELECT \(unescaped: FileItem.columns)
        FROM \(unescaped: tables.file)
        WHERE owner = \(owner) AND state = 'trashed' AND path >= \(range.lower) AND path < \(upper)
          AND (path, position) > (\(path), \(position))
        ORDER BY path, position
        LIMIT \(limit)
        """
    case nil:
      // As much of either as may be needed, each in the order of its index.
      return """
        SELECT \(unescaped: FileItem.columns)
        FROM (
          (
            SELECT *
            FROM \(unescaped: tables.file)
            WHERE owner = \(owner) AND state = 'live' AND path >= \(range.lower) AND path < \(upper)
              AND (path, position) > (\(path), \(position))
            ORDER BY path, position
            LIMIT \(limit)
          )
          UNION ALL
          (
            SELECT *
            FROM \(unescaped: tables.file)
            WHERE owner = \(owner) AND state = 'trashed' AND path >= \(range.lower) AND path < \(upper)
              AND (path, position) > (\(path), \(position))
            ORDER BY path, position
            LIMIT \(limit)
          )
        ) AS file
        ORDER BY path, position
        LIMIT \(limit)
        """
    }
  }

  static func file(_ tables: ReadTables, _ id: UUID, owner: UUID) -> Query {
    "SELECT \(unescaped: FileItem.columns) FROM \(unescaped: tables.file) WHERE id = \(id) AND owner = \(owner)"
  }

  static func files(_ tables: ReadTables, _ ids: [UUID], owner: UUID) -> Query {
    "SELECT \(unescaped: FileItem.columns) FROM \(unescaped: tables.file) WHERE id = ANY(\(ids)) AND owner = \(owner)"
  }

  static func file(_ tables: ReadTables, _ id: UUID) -> Query {
    "SELECT \(unescaped: FileItem.columns) FROM \(unescaped: tables.file) WHERE id = \(id)"
  }

  static func liveFile(_ tables: ReadTables, owner: UUID, path: String) -> Query {
    """
    SELECT \(unescaped: FileItem.columns)
    FROM \(unescaped: tables.file)
    WHERE owner = \(owner) AND path = \(path) AND state = 'live'
    ORDER BY position DESC
    LIMIT 1
    """
  }

  static func original(_ tables: ReadTables, owner: UUID, digest: Digest, before position: Position) -> Query {
    """
    SELECT \(unescaped: FileItem.columns)
    FROM \(unescaped: tables.file)
    WHERE owner = \(owner) AND digest = \(digest.description) AND position < \(position.rawValue)
    ORDER BY position
    LIMIT 1
    """
  }
}
