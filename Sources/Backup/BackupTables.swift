// SPDX-License-Identifier: Apache-2.0

import Postgres

/// Which tables a backup has. Every table of the schema stands in one of the two lists, which a test makes sure of.
public enum BackupTables {
  /// The truth beside the log: what no event tells, because the log cannot forget (decision 2).
  public static let kept = [
    "log.seal", "account.credential", "account.session", "account.refresh_token", "personal.key", "personal.erasure",
  ]

  /// What follows from the log, the blobs or the program, or is worth nothing tomorrow. Read tables' own schemas are derived too.
  public static let derived = [
    "log.head", "log.event", "public.migration", "projection.checkpoint", "projection.previous", "projection.parked",
    "projection.rebuild", "server.kept_answer", "reclaim.candidate", "reclaim.progress", "blob.pack", "blob.chunk",
    "blob.content", "blob.scrub", "blob.damage", "search.index",
  ]

  static let events = "log.event"

  /// The columns of a table, in their order: a later program may have more.
  static func columns(of table: String) -> Query {
    """
    SELECT attname::text
    FROM pg_attribute
    WHERE attrelid = \(table)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    ORDER BY attnum
    """
  }
}
