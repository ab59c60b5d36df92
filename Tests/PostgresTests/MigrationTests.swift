// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Postgres

@Suite("Migration files")
struct MigrationTests {
  func withDirectory(_ files: [String: String], _ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    for (name, text) in files { try Data(text.utf8).write(to: directory.appending(path: name)) }
    try body(directory)
  }

  @Test func filesAreLoadedInTheOrderOfTheirNumbers() throws {
    try withDirectory(["0010_add_index.sql": "b", "0002_create_table.sql": "a", "README.md": "x"]) { directory in
      let migrations = try Migrations.load(from: directory)
      #expect(migrations.map(\.name) == ["0002_create_table", "0010_add_index"])
      #expect(migrations.map(\.sql) == ["a", "b"])
    }
  }

  @Test(arguments: ["1_create_log", "0001_log", "0001_Create_log", "0001-create-log", "create_log"])
  func otherNamesAreRefused(_ name: String) throws {
    let error = #expect(throws: PostgresError.self) { try Migration(name: name, sql: "") }
    #expect(error?.code == .migration)
    #expect(error?.message.contains("\(name).sql") == true)
  }

  @Test func repeatedNumberIsRefusedNamingBothFiles() throws {
    try withDirectory(["0001_create_log.sql": "", "0001_create_user.sql": ""]) { directory in
      let error = #expect(throws: PostgresError.self) { try Migrations.load(from: directory) }
      #expect(error?.message == "0001_create_log.sql and 0001_create_user.sql have the same number")
    }
  }

  @Test func directoryWithoutMigrationsIsRefused() throws {
    try withDirectory([:]) { directory in
      #expect(throws: PostgresError.self) { try Migrations.load(from: directory) }
      #expect(throws: PostgresError.self) { try Migrations.load(from: directory.appending(path: "absent")) }
    }
  }

  @Test func linesAreCountedInCharactersNotBytes() throws {
    let migration = try Migration(name: "0001_create_log", sql: "-- é🗂\nSELECT 1;\nSELEC 2;")
    #expect(migration.line(ofCharacter: 1) == 1)
    #expect(migration.line(ofCharacter: 7) == 2)
    #expect(migration.line(ofCharacter: 17) == 3)
  }
}
