// SPDX-License-Identifier: Apache-2.0

import Backup
import Logging
import Postgres
import Projections
import TestSupport
import Testing

struct BackupTablesTests {
  @Test func everyTableIsKeptOrDerivedAndNothingElseIs() async throws {
    try await withMigratedDatabase { owner in
      let connection = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
      let tables = try await connection.query(
        """
        SELECT n.nspname || '.' || c.relname
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        """
      ).decode(String.self)
      let readTables = tables.filter { name in
        ProjectionCatalog.names.contains { name.hasPrefix("\($0).") || name.hasPrefix("blueprint_\($0).") }
      }
      let named = Set(BackupTables.kept + BackupTables.derived)
      await connection.close()
      #expect(Set(tables).subtracting(readTables).subtracting(named).sorted() == [], "kept or derived?")
      #expect(named.subtracting(tables).sorted() == [], "there is no such table")
      #expect(Set(BackupTables.kept).isDisjoint(with: BackupTables.derived))
    }
  }
}
