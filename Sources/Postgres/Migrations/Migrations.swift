// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Logging

/// Brings the schema of a database to what the files say: forward only, each file once, each in its own transaction.
///
/// `public.migration` remembers what was applied, with the SHA-256 of the file's bytes (computed by the server, so
/// that no second implementation is needed here). A file that was changed after it was applied is an error, not a
/// surprise.
public enum Migrations {
  /// All `*.sql` files of a directory, in order.
  ///
  /// - Throws: `.migration` when there are none, a name has the wrong form, or two have the same number.
  public static func load(from directory: URL) throws -> [Migration] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    } catch {
      throw PostgresError(.migration, "\(directory.path) cannot be read: \(error.localizedDescription)")
    }
    let migrations = try names.filter { $0.hasSuffix(".sql") }.sorted().map { name in
      try Migration(
        name: String(name.dropLast(4)),
        sql: String(decoding: Data(contentsOf: directory.appendingPathComponent(name)), as: UTF8.self))
    }
    guard !migrations.isEmpty else { throw PostgresError(.migration, "\(directory.path) holds no migrations") }
    try checkOrder(migrations)
    return migrations
  }

  /// Applies what has not been applied, under a lock that lets one process at a time do so.
  ///
  /// - Returns: the names of those applied now.
  /// - Throws: `.migration` when the files do not fit what was applied, before anything is done; `.server`, naming
  ///   the file, when one fails: those before it stay, it leaves nothing.
  public static func apply(
    _ migrations: [Migration], on connection: PostgresConnection, logger: Logger
  ) async throws -> [String] {
    try checkOrder(migrations)
    return try await withLock(connection) {
      try await createTable(on: connection)
      let pending = try await compare(migrations, on: connection)
      for migration in pending {
        let start = ContinuousClock.now
        try await apply(migration, on: connection)
        logger.info(
          "Applied migration", metadata: ["name": "\(migration.name)", "took": "\(ContinuousClock.now - start)"])
      }
      return pending.map(\.name)
    }
  }

  /// The names of those that have not been applied. Changes nothing.
  ///
  /// - Parameter mayBeNewer: whether migrations may have been applied that come after the last file: those of a later program, in the middle
  ///   of an upgrade. They take nothing away that this one needs.
  /// - Throws: as ``apply(_:on:logger:)`` when the files do not fit what was applied.
  public static func pending(
    _ migrations: [Migration], on connection: PostgresConnection, mayBeNewer: Bool = false
  ) async throws -> [String] {
    try checkOrder(migrations)
    let answer = try await connection.query("SELECT to_regclass('public.migration') IS NOT NULL")
    return try answer[0].decode(0, as: Bool.self)
      ? try await compare(migrations, on: connection, mayBeNewer: mayBeNewer).map(\.name)
      : migrations.map(\.name)
  }

  // MARK: - Steps

  private static func checkOrder(_ migrations: [Migration]) throws(PostgresError) {
    for (earlier, later) in zip(migrations, migrations.dropFirst()) where earlier.number >= later.number {
      throw PostgresError(
        .migration,
        earlier.number == later.number
          ? "\(earlier.name).sql and \(later.name).sql have the same number"
          : "\(later.name).sql stands after \(earlier.name).sql")
    }
  }

  /// What remains to be applied, once everything applied has been found in the files, unchanged.
  private static func compare(
    _ migrations: [Migration], on connection: PostgresConnection, mayBeNewer: Bool = false
  ) async throws -> [Migration] {
    let files = Dictionary(uniqueKeysWithValues: migrations.map { ($0.name, $0) })
    let applied = try await connection.query(appliedAndChecksums(of: migrations))
      .decode((String, String, String?).self)
    for (name, recorded, current) in applied {
      if mayBeNewer, let last = migrations.last?.name, name > last { continue }
      guard files[name] != nil else {
        throw PostgresError(
          .migration, "the database is newer than this program: it has \(name), for which there is no file",
          hint: "Run the version that applied it, or a later one.")
      }
      guard recorded == current else {
        throw PostgresError(
          .migration, "\(name).sql was changed after it was applied",
          detail: "sha256 applied \(recorded), now \(current ?? "none")",
          hint: "Restore the file and put the change into a new migration.")
      }
    }
    let names = Set(applied.map(\.0))
    let pending = migrations.filter { !names.contains($0.name) }
    if let first = pending.first, let last = applied.last(where: { files[$0.0] != nil })?.0, first.name < last {
      throw PostgresError(.migration, "\(first.name).sql must not come before \(last), which has been applied")
    }
    return pending
  }

  private static func apply(_ migration: Migration, on connection: PostgresConnection) async throws {
    do {
      try await connection.transaction { connection in
        try await connection.script(migration.sql)
        try await connection.execute(record(migration))
      }
    } catch var error as PostgresError {
      let line = error.position.map { ":\(migration.line(ofCharacter: $0))" } ?? ""
      error.message = "\(migration.name).sql\(line): \(error.message)"
      throw error
    }
  }

  /// One process at a time, waiting as long as it takes.
  private static func withLock<Output>(
    _ connection: PostgresConnection, _ body: () async throws -> Output
  ) async throws -> Output {
    let setting = try await connection.query("SELECT current_setting('statement_timeout')")
    let timeout = try setting[0].decode(0, as: String.self)
    let output: Output
    do {
      _ = try await connection.execute("SET statement_timeout TO 0")
      _ = try await connection.query("SELECT pg_advisory_lock(\(lockKey))")
      output = try await body()
    } catch {
      // If this fails too the session is lost, and its lock with it.
      _ = try? await unlock(connection, timeout)
      throw error
    }
    try await unlock(connection, timeout)
    return output
  }

  private static func unlock(_ connection: PostgresConnection, _ timeout: String) async throws {
    _ = try await connection.pipeline([
      "SELECT pg_advisory_unlock(\(lockKey))",
      "SELECT set_config('statement_timeout', \(timeout), false)",
    ])
  }
}
