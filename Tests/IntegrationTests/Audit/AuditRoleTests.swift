// SPDX-License-Identifier: Apache-2.0

import Accounts
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Projections

/// The role `onefold_audit` reads the views of the schema `audit`, and nothing else.
struct AuditRoleTests {
  @Test func readsEveryView() async throws {
    try await withAudit { audit, ada, _ in
      for view in ["events", "accounts", "files", "groups", "jobs", "sessions", "queries"] {
        let count = try await audit.query(Query(stringLiteral: "SELECT count(*) FROM audit.\(view)")).first?.decode(
          0, as: Int64.self)
        #expect(try #require(count) > 0, "\(view)")
      }
      let rows = try await audit.query(
        "SELECT DISTINCT owner_email FROM audit.events WHERE type = 'file.uploaded' AND owner = \(ada)")
      #expect(try rows.map { try $0.decode(0, as: String.self) } == ["ada@example.org"])
      let files = try await audit.query("SELECT path, owner_email FROM audit.files WHERE owner = \(ada) ORDER BY path")
      #expect(try files.map { try $0.decode(0, as: String.self) } == ["a.txt", "b.txt"])
    }
  }

  @Test func everyExampleOfTheDocumentationRuns() async throws {
    let text = try String(
      contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../docs/audit.md"),
      encoding: .utf8)
    let examples = text.matches(of: /```sql\n((?s).*?)```/).map { String($0.output.1) }
      .filter { $0.contains("FROM audit.") }
    #expect(examples.count >= 8)
    try await withAudit { audit, _, _ in
      for example in examples {
        for statement in example.split(separator: ";") where !statement.allSatisfy(\.isWhitespace) {
          let query = Query(stringLiteral: String(statement))
          await #expect(throws: Never.self, "\(statement)") { _ = try await audit.query(query) }
        }
      }
    }
  }

  @Test func readsNothingElse() async throws {
    try await withAudit { audit, _, _ in
      let tables = try await audit.query(
        """
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'v', 'm', 'S', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'audit')
          AND c.relname <> 'migration' -- Which migrations have run is open to all.
        """
      ).map { try $0.decode(0, as: String.self) }
      #expect(tables.contains("account.credential"))
      #expect(tables.contains("log.event"))
      for table in tables {
        let refusal = await #expect(throws: PostgresError.self, "\(table)") {
          _ = try await audit.query(Query(stringLiteral: "SELECT * FROM \(table) LIMIT 1"))
        }
        #expect(refusal?.sqlState == "42501", "\(table)")
      }
    }
  }

  @Test func writesNothing() async throws {
    try await withAudit { audit, ada, _ in
      let changes: [Query] = [
        "INSERT INTO log.event SELECT * FROM log.event", "DELETE FROM audit.events", "DELETE FROM audit.sessions",
        "UPDATE audit.sessions SET revoked_at = now()", "UPDATE audit.queries SET format = ''",
        "INSERT INTO audit.accounts (email) VALUES ('x')", "CREATE TABLE audit.mine (id int)",
        "CREATE TABLE public.mine (id int)", "SELECT projection.begin_rebuild('files')",
        "SELECT log.position_at(now())",
        "CREATE OR REPLACE VIEW audit.events AS SELECT 1",
      ]
      for change in changes {
        await #expect(throws: PostgresError.self, "\(change.text)") { try await audit.execute(change) }
      }
      _ = ada
    }
  }

  @Test func aSessionOfItsOwnIsReadOnlyAndHasAnEnd() async throws {
    try await withAudit { audit, _, owner in
      let settings = try await audit.query(
        "SELECT unnest(setconfig) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = 'onefold_audit'"
      ).map { try $0.decode(0, as: String.self) }
      #expect(Set(settings) == ["statement_timeout=30s", "default_transaction_read_only=on"])
      let canSignIn = try await owner.query("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'onefold_audit'")
      #expect(try canSignIn.first?.decode(0, as: Bool.self) == false)
    }
  }

  @Test func viewsSurviveARebuildOfWhatTheyRead() async throws {
    try await withAudit { audit, ada, owner in
      for name in ["files", "quota"] {
        _ = try await owner.query("SELECT projection.begin_rebuild(\(name))")
        _ = try await owner.query("SELECT projection.finish_rebuild(\(name), 1, 0::bigint)")
        _ = try await owner.query("SELECT projection.begin_rebuild(\(name))")
        _ = try await owner.query("SELECT projection.finish_rebuild(\(name), 1, 0::bigint)")
      }
      // The new tables are empty here: nobody has folded into them.
      #expect(try await audit.query("SELECT 1 FROM audit.files").isEmpty)
      #expect(try await audit.query("SELECT position FROM audit.events WHERE owner = \(ada)").isEmpty == false)
    }
  }

  @Test func oneAccountsFilesAreReadByTheirIndex() async throws {
    try await withAudit { _, _, owner in
      _ = try await owner.execute(
        """
        INSERT INTO files.file (id, owner, position, size, uploaded_at, settled, state, digest, path)
        SELECT gen_random_uuid(), gen_random_uuid(), n, n, now(), true, 'live', 'sha256:' || n, 'path/' || n
        FROM generate_series(1, 5000) AS n
        """)
      try await owner.script("ANALYZE files.file")
      let plan = try await owner.query(
        "EXPLAIN SELECT f.id FROM files.file f WHERE f.owner = '00000000-0000-0000-0000-000000000000'"
      ).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
      #expect(!plan.contains("Seq Scan"), "\(plan)")
    }
  }

  /// - Parameter body: takes a connection as the role, the id of an account, and a connection as the schema's owner.
  private func withAudit(
    _ body: (PostgresConnection, UUID, PostgresConnection) async throws -> Void
  ) async throws {
    try await withMigratedDatabase(role: nil) { configuration in
      let pool = PostgresPool(configuration: configuration, size: 4, logger: Logger(label: "test"))
      let log = PostgresEventLog(pool: pool, redis: nil)
      let ada = UUID.v7()
      let uploads = Uploads(owner: ada, log: log)
      let files = [UUID.v7(), UUID.v7()]
      let registered = AccountRegistered(accountId: ada, email: "ada@example.org", role: .user, quotaBytes: 1000)
      try await uploads.append("account", ada.text, registered)
      try await uploads.upload("a.txt", content: 1, id: files[0])
      try await uploads.upload("b.txt", content: 1, id: files[1])
      try await uploads.match(files[1], with: files[0], content: 1)
      try await uploads.append(
        "system", "audit", AuditQueried(filter: .init(), order: .newest, format: .json, given: 1, through: 1))
      let events = try await log.read(after: .start, limit: 100)
      for projection in ProjectionCatalog.all {
        try await pool.transaction { connection in
          _ = try await connection.query("SELECT set_config('search_path', \(type(of: projection).name), true)")
          try await projection.apply(events.filter(projection.wants), on: connection)
        }
      }
      _ = try await pool.execute(
        """
        INSERT INTO account.credential (account_id, role, email, password_hash) VALUES (\(ada), 'user', 'ada@example.org', 'x')
        """)
      _ = try await pool.execute(
        "INSERT INTO account.session (id, account_id, expires_at) VALUES (\(UUID.v7()), \(ada), now())")
      var asAudit = configuration
      asAudit.role = "onefold_audit"
      let audit = try await PostgresConnection.connect(asAudit, logger: Logger(label: "test"))
      let owner = try await PostgresConnection.connect(configuration, logger: Logger(label: "test"))
      let result: Result<Void, any Error>
      do { result = .success(try await body(audit, ada, owner)) } catch { result = .failure(error) }
      await audit.close()
      await owner.close()
      await pool.close()
      try result.get()
    }
  }
}
