// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

@testable import Projections

/// All rows of a projection's tables, as text that does not depend on how Postgres writes values.
enum ReadTables {
  /// - Parameter schema: live, or that of a rebuild.
  static func rows(of projection: any Projection, in schema: String? = nil, _ pool: PostgresPool) async throws
    -> [String: [String]]
  {
    let name = projection.name
    let tables: [(String, Query)] =
      switch name {
      case "files": [("file", file)]
      case "duplicates": [("member", member), ("duplicate_group", duplicateGroup)]
      case "savings":
        [
          ("owner_content", ownerContent), ("owner_savings", ownerSavings), ("content", content),
          ("installation_savings", installation),
        ]
      case "jobs":
        [
          ("job", job), ("attempt", attempt), ("owner_jobs", ownerJobs), ("batch", batch), ("pace", pace),
          ("control", control),
        ]
      case "quota": [("account", account)]
      case "similarity":
        [
          ("copy", copy), ("sketch", sketch), ("fingerprint", fingerprint), ("resemblance", resemblance),
          ("dismissal", dismissal), ("threshold", threshold), ("placement", placement), ("similar_group", similarGroup),
        ]
      default: [("event", event)]
      }
    return try await pool.transaction { connection in
      _ = try await connection.query(FoldTransaction.prepare(schema: schema ?? name))
      var rows: [String: [String]] = [:]
      for (table, query) in tables {
        rows[table] = try await connection.query(query).map { row in
          let fields: [String?] = try row.decode(0)
          return fields.map { $0 ?? "-" }.joined(separator: "|")
        }.sorted()
      }
      return rows
    }
  }

  private static let file: Query = """
    SELECT ARRAY[id::text, owner::text, position::text, size::text, (extract(epoch FROM uploaded_at) * 1000000)::bigint::text,
      (extract(epoch FROM trashed_at) * 1000000)::bigint::text, settled::text, state, digest, content_type, path] FROM file
    """
  private static let member: Query = """
    SELECT ARRAY[file_id::text, owner::text, position::text, size::text, (extract(epoch FROM uploaded_at) * 1000000)::bigint::text, live::text,
      digest, path] FROM member
    """
  private static let duplicateGroup: Query = """
    SELECT ARRAY[id::text, owner::text, size::text, copies::text, reclaimable::text, (extract(epoch FROM matched_at) * 1000000)::bigint::text, digest]
    FROM duplicate_group
    """
  private static let ownerContent: Query =
    "SELECT ARRAY[owner::text, files::text, size::text, stored_bytes::text, digest] FROM owner_content"
  private static let ownerSavings: Query =
    "SELECT ARRAY[owner::text, files::text, logical_bytes::text, unique_bytes::text, stored_bytes::text] FROM owner_savings"
  private static let content: Query =
    "SELECT ARRAY[files::text, size::text, stored_bytes::text, digest] FROM content"
  private static let installation: Query =
    "SELECT ARRAY[files::text, logical_bytes::text, unique_bytes::text, stored_bytes::text] FROM installation_savings"
  private static let job: Query = """
    SELECT ARRAY[id::text, owner::text, file_id::text, batch_id::text, position::text, queue_position::text, size::text,
      (extract(epoch FROM queued_at) * 1000000)::bigint::text, (extract(epoch FROM due_at) * 1000000)::bigint::text,
      (extract(epoch FROM finished_at) * 1000000)::bigint::text, attempts::text, kind, class, state, path, error, fingerprint]
    FROM job
    """
  private static let attempt: Query = """
    SELECT ARRAY[job_id::text, owner::text, position::text, (extract(epoch FROM at) * 1000000)::bigint::text, number::text, reason,
      code, worker] FROM attempt
    """
  private static let ownerJobs: Query = """
    SELECT ARRAY[owner::text, class, kind, queued::text, scheduled::text, retrying::text, succeeded::text, dead::text, cancelled::text,
      discarded::text] FROM owner_jobs
    """
  private static let batch: Query = """
    SELECT ARRAY[id::text, owner::text, position::text, (extract(epoch FROM first_at) * 1000000)::bigint::text,
      (extract(epoch FROM last_at) * 1000000)::bigint::text, (extract(epoch FROM ended_at) * 1000000)::bigint::text, bytes::text,
      ended_bytes::text, queued::text, retrying::text, succeeded::text, dead::text, cancelled::text, discarded::text] FROM batch
    """
  private static let pace: Query =
    "SELECT ARRAY[minute::text, owner::text, class, kind, succeeded::text, failed::text, dead::text] FROM pace"
  private static let control: Query = """
    SELECT ARRAY[scope, value, position::text, (extract(epoch FROM changed_at) * 1000000)::bigint::text, paused::text, reason,
      concurrency::text, rate_per_second::text, weight::text] FROM control
    """
  private static let copy: Query = """
    SELECT ARRAY[file_id::text, owner::text, position::text, (extract(epoch FROM uploaded_at) * 1000000)::bigint::text, live::text,
      digest, path] FROM copy
    """
  private static let sketch: Query =
    "SELECT ARRAY[digest, algorithm, weight::text, encode(signature, 'hex')] FROM sketch"
  private static let fingerprint: Query =
    "SELECT ARRAY[owner::text, digest, algorithm, cardinality(keys)::text, encode(signature, 'hex')] FROM fingerprint"
  private static let resemblance: Query = """
    SELECT ARRAY[owner::text, digest, other, (extract(epoch FROM matched_at) * 1000000)::bigint::text, round(score * 1000)::text,
      algorithm]
    FROM resemblance
    """
  private static let dismissal: Query = """
    SELECT ARRAY[owner::text, digest, other, (extract(epoch FROM dismissed_at) * 1000000)::bigint::text, decision_id::text]
    FROM dismissal
    """
  private static let placement: Query = """
    SELECT ARRAY[owner::text, digest, copies::text, live_copies::text, since::text, size::text, medoid, round(score * 1000)::text,
      algorithm, (extract(epoch FROM matched_at) * 1000000)::bigint::text] FROM placement
    """
  private static let threshold: Query =
    "SELECT ARRAY[owner::text, algorithm, round(least * 1000)::text] FROM threshold"
  private static let similarGroup: Query = """
    SELECT ARRAY[id::text, owner::text, medoid, contents::text, bytes::text, (extract(epoch FROM matched_at) * 1000000)::bigint::text]
    FROM similar_group
    """
  private static let event: Query = "SELECT ARRAY[position::text, id::text, schema_version::text, type] FROM event"
  private static let account: Query = """
    SELECT ARRAY[owner::text, quota_bytes::text, used_bytes::text, stream_version::text,
      (extract(epoch FROM registered_at) * 1000000)::bigint::text, disabled::text, role, email] FROM account
    """
}

/// The first rows that are not the same in both, for the tables of the first.
func difference(of found: [String: [String]], and expected: [String: [String]]) -> [String] {
  let lines = found.keys.sorted().flatMap { table -> [String] in
    let (found, expected) = (found[table] ?? [], expected[table] ?? ["the table is missing"])
    let (surplus, missing) = (Set(found).subtracting(expected), Set(expected).subtracting(found))
    let repeated = found.count == Set(found).count ? [] : ["\(table): rows that are there twice"]
    return surplus.sorted().map { "\(table): found \($0)" } + missing.sorted().map { "\(table): expected \($0)" }
      + repeated
  }
  return Array(lines.prefix(6))
}
