// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import Testing

@testable import Projections

/// Every statement that answers a request finds its rows by an index, with the plan that serves all values (which is what a prepared
/// statement ends up with) and tables large enough to matter.
struct ViewPlanTests {
  @Test func readsUseTheirIndexes() async throws {
    // As the tables' owner, who alone may gather statistics.
    try await withPool(role: nil) { pool in
      try await fill(pool)
      let (owner, id) = (UUID(), UUID())
      let digest = GeneratedHistory.digest(1)
      let before = Position(100)
      let plans: [(Query, [String])] = [
        (
          FileViews.list(.live, owner: owner, state: .live, prefix: "a", limit: 50, after: nil),
          ["file_owner_path_position_idx"]
        ),
        (
          FileViews.list(.live, owner: owner, state: .trashed, prefix: "", limit: 50, after: nil),
          ["file_owner_path_position_idx1"]
        ),
        (
          FileViews.list(.live, owner: owner, state: nil, prefix: "a", limit: 50, after: nil),
          ["Index Scan using file_owner_path_position_idx on", "Index Scan using file_owner_path_position_idx1 on"]
        ),
        (FileViews.file(.live, id, owner: owner), ["file_pkey"]),
        (FileViews.file(.live, id), ["file_pkey"]),
        (FileViews.liveFile(.live, owner: owner, path: "a"), ["file_owner_path_position_idx"]),
        (FileViews.original(.live, owner: owner, digest: digest, before: before), ["file_owner_digest_position_idx"]),
        (
          DuplicateViews.list(.live, owner: owner, limit: 50, after: nil, files: 20),
          ["duplicate_group_owner_reclaimable_id_copies_idx", "member_owner_digest_position_idx"]
        ),
        (
          DuplicateViews.group(.live, id, owner: owner, files: 20),
          ["duplicate_group_pkey", "member_owner_digest_position_idx"]
        ),
        (
          DuplicateViews.totals(.live, owner: owner),
          ["Index Only Scan using duplicate_group_owner_reclaimable_id_copies_idx"]
        ),
        (SavingsViews.savings(.live, owner: owner), ["owner_savings_pkey"]),
        (JobViews.list(owner: owner, state: nil, limit: 50, after: nil), ["job_owner_queue_position_idx"]),
        (JobViews.list(owner: owner, state: .succeeded, limit: 50, after: nil), ["job_owner_queue_position_idx"]),
        (
          JobViews.list(owner: owner, state: .dead, limit: 50, after: nil),
          ["job_owner_state_queue_position_class_kind_idx"]
        ),
        (
          JobViews.list(owner: owner, batch: id, state: nil, limit: 50, after: nil),
          ["job_owner_batch_id_queue_position_idx"]
        ),
        (JobViews.list(JobFilter(), limit: 50, after: nil), ["job_state_queue_position_idx"]),
        (
          JobViews.list(JobFilter(fingerprint: "f"), limit: 50, after: nil),
          ["job_fingerprint_queue_position_finished_at_idx"]
        ),
        (JobViews.job(id, owner: owner), ["job_pkey"]),
        (JobViews.attempts(of: id), ["attempt_pkey"]),
        (JobViews.counts(owner: owner), ["owner_jobs_pkey"]),
        (JobViews.queues, ["job_class_kind_queue_position_idx"]),
        (JobViews.deadGroups, ["job_fingerprint_queue_position_finished_at_idx"]),
        (JobViews.batches(owner: owner, limit: 50, after: nil), ["batch_owner_position_idx"]),
        (JobViews.batch(id, owner: owner), ["batch_pkey"]),
        (JobViews.pace(owner: owner), ["pace_pkey"]),
        (
          JobViews.waiting(owner: owner, before: [(.init(jobClass: "bulk", kind: "analyze"), before)]),
          ["Index Only Scan using job_owner_state_queue_position_class_kind_idx"]
        ),
        (JobViews.oldestOpenJob, ["job_state_queue_position_idx"]),
        (
          JobViews.prunable(finishedBefore: Date(), after: before, through: before, limit: 1000),
          ["job_state_queue_position_idx"]
        ),
        (JobViews.resumePosition, ["job_state_queue_position_idx"]),
        (QuotaViews.account(.live, id), ["account_pkey"]),
        (QuotaViews.account(.live, email: "a@b"), ["account_lower_idx"]),
        (QuotaViews.accounts(.live, limit: 50, after: nil), ["account_registered_at_owner_idx"]),
      ]
      for (query, expected) in plans {
        let plan = try await plan(of: query, pool)
        for part in expected { #expect(plan.contains(part), "\(query.text)\n\(plan)") }
        for table in ["file", "member", "duplicate_group", "job", "account", "owner_savings"] {
          #expect(!plan.contains("Seq Scan on \(table)"), "\(plan)")
        }
      }
    }
  }

  /// Uploads ask in the first minute, too: a plan that goes through all of an owner's files would stay, and grow slower with each of them.
  @Test func manyLookUpsUseTheirIndexesBeforeThereAreStatistics() async throws {
    try await withPool(role: nil) { pool in
      let paths = try await plan(of: FileViews.livePaths(.live, owner: UUID(), among: ["a", "b"]), pool)
      #expect(paths.contains("Index Cond: ((owner = $2) AND (path = wanted.path))"), "\(paths)")
      let candidate = FileViews.Candidate(
        fileId: UUID(), owner: UUID(), digest: GeneratedHistory.digest(1), position: Position(1))
      let originals = try await plan(of: FileViews.originals(.live, of: [candidate]), pool)
      #expect(originals.contains("file_owner_digest_position_idx"), "\(originals)")
    }
  }

  private func plan(of query: Query, _ pool: PostgresPool) async throws -> String {
    try await pool.transaction { connection in
      _ = try await connection.query("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")
      // PREPARE takes the text with its parameters; EXECUTE with NULLs is enough to see a plan that serves all values.
      let types = query.parameters.map(\.type.description)
      let nulls = query.parameters.map { _ in "NULL" }.joined(separator: ", ")
      let list = types.isEmpty ? "" : "(\(types.joined(separator: ", ")))"
      try await connection.script("PREPARE plan_test \(list) AS \(query.text)")
      let explain = types.isEmpty ? "EXPLAIN EXECUTE plan_test" : "EXPLAIN EXECUTE plan_test (\(nulls))"
      let lines = try await connection.query(Query(stringLiteral: explain)).map { try $0.decode(0, as: String.self) }
      try await connection.script("DEALLOCATE plan_test")
      return lines.joined(separator: "\n")
    }
  }

  /// 20 owners with 1000 rows each, and statistics.
  private func fill(_ pool: PostgresPool) async throws {
    let owners = (0..<20).map { _ in UUID() }
    let statements: [Query] = [
      """
      INSERT INTO files.file (id, owner, position, size, uploaded_at, trashed_at, settled, state, digest, path)
      SELECT gen_random_uuid(), owner, n, n, now(), CASE WHEN n % 10 = 0 THEN now() END, true,
        CASE WHEN n % 10 = 0 THEN 'trashed' ELSE 'live' END, 'sha256:' || n, 'path/' || n
      FROM unnest(\(owners)) AS owner, generate_series(1, 1000) AS n
      """,
      """
      INSERT INTO duplicates.member (file_id, owner, position, size, uploaded_at, live, digest, path)
      SELECT gen_random_uuid(), owner, n, n, now(), true, 'sha256:' || n / 3, 'path/' || n
      FROM unnest(\(owners)) AS owner, generate_series(1, 1000) AS n
      """,
      """
      INSERT INTO duplicates.duplicate_group (id, owner, size, copies, matched_at, digest)
      SELECT gen_random_uuid(), owner, n, 3, now(), 'sha256:' || n
      FROM unnest(\(owners)) AS owner, generate_series(1, 300) AS n
      """,
      """
      INSERT INTO jobs.job (
        id, owner, file_id, batch_id, position, queue_position, size, queued_at, due_at, finished_at, attempts, kind, class, state,
        path, fingerprint
      )
      SELECT gen_random_uuid(), owner, gen_random_uuid(), CASE WHEN n % 3 = 0 THEN gen_random_uuid() END, n, n, 1, now(), now(),
        now(), 0, 'analyze', 'bulk', (ARRAY['queued', 'retrying', 'dead', 'succeeded'])[1 + n % 4], 'path/' || n, 'f' || n % 5
      FROM unnest(\(owners)) AS owner, generate_series(1, 1000) AS n
      """,
      """
      INSERT INTO savings.owner_savings
      SELECT gen_random_uuid(), 1, 1, 1, 1 FROM generate_series(1, 5000)
      """,
      """
      INSERT INTO jobs.owner_jobs
      SELECT gen_random_uuid(), 1, 1, 1, 1, 1, 1, 1, 'bulk', 'analyze' FROM generate_series(1, 5000)
      """,
      """
      INSERT INTO jobs.batch
      SELECT gen_random_uuid(), owner, n, now(), now(), now(), 1, 1, 1, 1, 1, 1, 1, 1
      FROM unnest(\(owners)) AS owner, generate_series(1, 300) AS n
      """,
      """
      INSERT INTO jobs.attempt (job_id, owner, position, at, number, reason)
      SELECT gen_random_uuid(), gen_random_uuid(), n, now(), 1, 'full' FROM generate_series(1, 5000) AS n
      """,
      """
      INSERT INTO jobs.pace
      SELECT n, owner, 1, 1, 1, 'bulk', 'analyze' FROM unnest(\(owners)) AS owner, generate_series(1, 300) AS n
      """,
      """
      INSERT INTO quota.account
      SELECT gen_random_uuid(), 1, 1, 1, now(), false, 'user', n || '@example.org' FROM generate_series(1, 5000) AS n
      """,
    ]
    for statement in statements { _ = try await pool.execute(statement) }
    try await pool.withConnection { try await $0.script("VACUUM ANALYZE") }
  }
}
