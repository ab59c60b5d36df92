// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Postgres: migrations")
struct PostgresMigrationsTests {
  let first: Migration
  let second: Migration

  init() throws {
    first = try Migration(name: "0001_create_file", sql: "CREATE TABLE file (id int);\nINSERT INTO file VALUES (1);")
    second = try Migration(name: "0002_add_path", sql: "ALTER TABLE file ADD COLUMN path text; -- naïve")
  }

  func apply(_ migrations: [Migration], _ connection: PostgresConnection) async throws -> [String] {
    try await Migrations.apply(migrations, on: connection, logger: logger)
  }

  @Test func eachIsAppliedOnceInOrder() async throws {
    try await withPostgres { connection in
      let pending = try await Migrations.pending([first, second], on: connection)
      #expect(pending == ["0001_create_file", "0002_add_path"])
      let one = try await apply([first], connection)
      #expect(one == ["0001_create_file"])
      let two = try await apply([first, second], connection)
      #expect(two == ["0002_add_path"])
      let three = try await apply([first, second], connection)
      #expect(three.isEmpty)
      let rest = try await Migrations.pending([first, second], on: connection)
      #expect(rest.isEmpty)
      let rows = try await connection.query("SELECT id, path FROM file").count
      #expect(rows == 1)
    }
  }

  @Test func checksumIsTheSHA256OfTheFile() async throws {
    try await withPostgres { connection in
      _ = try await apply([Migration(name: "0001_say_hello", sql: "SELECT 'hello'")], connection)
      let checksum = try await connection.query("SELECT checksum FROM public.migration")[0].decode(0, as: String.self)
      // printf "SELECT 'hello'" | sha256sum
      #expect(checksum == "9d2febb93723ace1caf746ff975c48d37fa92733f3bd9c649c52f6ada7c39533")
    }
  }

  @Test func changedFileIsRefusedByName() async throws {
    try await withPostgres { connection in
      _ = try await apply([first], connection)
      let changed = try Migration(name: first.name, sql: first.sql + "\n")
      let error = await #expect(throws: PostgresError.self) { try await apply([changed, second], connection) }
      #expect(error?.code == .migration)
      #expect(error?.message == "0001_create_file.sql was changed after it was applied")
      let pending = await #expect(throws: PostgresError.self) {
        try await Migrations.pending([changed, second], on: connection)
      }
      #expect(pending?.code == .migration)
      // Nothing was done.
      let columns = try await connection.query("SELECT * FROM file").columnNames
      #expect(columns == ["id"])
    }
  }

  @Test func databaseNewerThanTheFilesIsRefused() async throws {
    try await withPostgres { connection in
      _ = try await apply([first, second], connection)
      let error = await #expect(throws: PostgresError.self) { try await apply([first], connection) }
      #expect(error?.code == .migration)
      #expect(error?.message.contains("0002_add_path") == true)
    }
  }

  /// As in the middle of an upgrade: the program before it goes on.
  @Test func whatALaterProgramAppliedIsPassedByWhereThatIsAskedFor() async throws {
    try await withPostgres { connection in
      _ = try await apply([first, second], connection)
      #expect(try await Migrations.pending([first], on: connection, mayBeNewer: true) == [])
      await #expect(throws: PostgresError.self) { try await Migrations.pending([first], on: connection) }
      await #expect(throws: PostgresError.self, "not what should have a file") {
        try await Migrations.pending([second], on: connection, mayBeNewer: true)
      }
    }
  }

  @Test func fileBeforeThoseAppliedIsRefused() async throws {
    try await withPostgres { connection in
      let early = try Migration(name: "0005_create_file", sql: "CREATE TABLE file ()")
      _ = try await apply([early], connection)
      let late = try Migration(name: "0003_come_late", sql: "SELECT 1")
      let error = await #expect(throws: PostgresError.self) { try await apply([late, early], connection) }
      #expect(error?.message == "0003_come_late.sql must not come before 0005_create_file, which has been applied")
    }
  }

  @Test func repeatedNumberIsRefused() async throws {
    try await withPostgres { connection in
      let twin = try Migration(name: "0001_create_twin", sql: "SELECT 1")
      let error = await #expect(throws: PostgresError.self) { try await apply([first, twin], connection) }
      #expect(error?.code == .migration)
    }
  }

  @Test func failedMigrationLeavesNothingAndNamesFileAndLine() async throws {
    try await withPostgres { connection in
      let broken = try Migration(name: "0002_break_down", sql: "CREATE TABLE half (id int);\n\nSELEC 1;")
      let error = await #expect(throws: PostgresError.self) { try await apply([first, broken], connection) }
      #expect(error?.sqlState == "42601")
      #expect(error?.message.hasPrefix("0002_break_down.sql:3: ") == true)
      let (file, half) = try await connection.query(
        "SELECT to_regclass('file') IS NULL, to_regclass('half') IS NULL"
      )[0].decode((Bool, Bool).self)
      #expect(!file, "those before it stay")
      #expect(half, "it leaves nothing")
      // The lock is free and the session's limits are as before.
      let (locks, timeout) = try await connection.query(
        """
        SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
          current_setting('statement_timeout')
        """
      )[0].decode((Int, String).self)
      #expect(locks == 0)
      #expect(timeout == "30s")
      let again = try await apply([first, second], connection)
      #expect(again == ["0002_add_path"])
    }
  }

  @Test func severalProcessesApplyEachOnce() async throws {
    try await withDatabase { configuration in
      let (first, second) = (first, second)
      let applied = try await withThrowingTaskGroup { group in
        for _ in 0..<6 {
          group.addTask {
            let connection = try await PostgresConnection.connect(configuration, logger: logger)
            let applied = try await Migrations.apply([first, second], on: connection, logger: logger)
            await connection.close()
            return applied
          }
        }
        return try await group.reduce([], +)
      }
      #expect(applied.sorted() == ["0001_create_file", "0002_add_path"])
    }
  }

  @Test func theProjectsOwnMigrationsApplyToAnEmptyDatabase() async throws {
    try await withMigratedDatabase { configuration in
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../migrations")
      // As the application's role, which may look and not touch.
      let pending = try await Migrations.pending(Migrations.load(from: directory.standardizedFileURL), on: connection)
      #expect(pending.isEmpty)
      await connection.close()
    }
  }
}
