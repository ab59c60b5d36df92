// SPDX-License-Identifier: Apache-2.0

import Postgres
import Projections

/// What read tables are, in one digest each.
enum ProjectionNotes {
  /// Of all that there are, as this transaction sees them.
  static func take(on connection: PostgresConnection) async throws -> [BackupManifest.ProjectionDigest] {
    var notes: [BackupManifest.ProjectionDigest] = []
    let checkpoints = try await connection.query(
      "SELECT name, version, position FROM projection.checkpoint ORDER BY name"
    )
    .decode((String, Int32, Int64).self)
    for (name, version, position) in checkpoints {
      // Tables that somebody has dropped, or a rebuild is about to replace, are no fault of the backup.
      let isWhole =
        try await connection.query("SELECT projection.is_complete(\(name))").decode(Bool.self).first ?? false
      guard isWhole else { continue }
      let digest = try await ProjectionDigest.take(of: name, on: connection)
      notes.append(
        .init(name: name, version: Int(version), position: position, rows: digest.rows, digest: digest.digest))
    }
    return notes
  }
}
