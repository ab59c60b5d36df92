// SPDX-License-Identifier: Apache-2.0

extension Migrations {
  /// "onefold" in ASCII, with a zero byte before it: any number would do that nothing else of this program uses.
  static let lockKey: Int64 = 0x006f_6e65_666f_6c64

  static func createTable(on connection: PostgresConnection) async throws {
    try await connection.script(
      """
      CREATE TABLE IF NOT EXISTS public.migration (
        name text COLLATE "C" NOT NULL,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT migration_pkey PRIMARY KEY (name)
      );
      GRANT SELECT ON public.migration TO PUBLIC
      """)
  }

  /// name, checksum when it was applied, checksum of the file now (NULL without a file); in the order of names.
  static func appliedAndChecksums(of migrations: [Migration]) -> Query {
    """
    SELECT applied.name, applied.checksum, encode(sha256(file.content), 'hex')
    FROM public.migration AS applied
    LEFT JOIN unnest(\(migrations.map(\.name)), \(migrations.map { [UInt8]($0.sql.utf8) })) AS file (name, content)
      USING (name)
    ORDER BY applied.name
    """
  }

  static func record(_ migration: Migration) -> Query {
    """
    INSERT INTO public.migration (name, checksum)
    VALUES (\(migration.name), encode(sha256(\([UInt8](migration.sql.utf8))), 'hex'))
    """
  }
}
