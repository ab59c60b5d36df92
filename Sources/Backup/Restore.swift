// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Logging
public import Postgres

/// Brings a backup into an empty place: the log and the tables beside it into a database, the bytes into a blob store. What is derived from
/// both is derived afterwards, by whoever runs the installation.
public struct Restore: Sendable {
  public let manifest: BackupManifest
  private let directory: URL
  private let logger: Logger

  /// - Throws: ``BackupError`` when there is no backup.
  public init(from directory: URL, logger: Logger = Logger(label: "onefold.restore")) throws {
    guard let manifest = try BackupManifest.read(in: directory) else {
      throw BackupError("\(directory.path) has no \(BackupManifest.fileName): there is no whole backup in it.")
    }
    self.manifest = manifest
    self.directory = directory
    self.logger = logger
  }

  /// Every file of log and tables is what was written. Blobs name themselves, and are checked when they are read.
  public func checkFiles() throws {
    for file in manifest.segments.map(\.file) + manifest.tables.map(\.file) {
      let path = directory.appending(path: file.path).path
      guard FileManager.default.fileExists(atPath: path) else { throw BackupError("\(path) is missing.") }
      guard try CompressedFile.digest(path) == file.sha256 else {
        throw BackupError("\(path) is damaged: its digest is not the one in \(BackupManifest.fileName).")
      }
    }
    var next: Int64 = 1
    for segment in manifest.segments {
      guard segment.first == next, segment.last >= segment.first else {
        throw BackupError("The backup has no events from position \(next) on.")
      }
      next = segment.last + 1
    }
    guard next == manifest.position + 1 else {
      throw BackupError("The backup ends before position \(manifest.position).")
    }
    for table in manifest.tables where !BackupTables.kept.contains(table.name) {
      throw BackupError(
        "This program does not know the table \(table.name): restore with the version \(manifest.version) or later.")
    }
  }

  /// Loads the database, in one transaction after the migrations that it had.
  ///
  /// - Parameters:
  ///   - database: an empty one, as its owner.
  ///   - migrations: of this program; those that the backup did not have are applied last.
  public func loadDatabase(
    _ database: PostgresConfiguration, migrations: [Migration],
    progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
  ) async throws {
    let had = Set(manifest.migrations)
    guard had.isSubset(of: migrations.map(\.name)) else {
      throw BackupError(
        "The backup is of a later version (\(manifest.version)): this program does not know \(had.subtracting(migrations.map(\.name)).sorted().joined(separator: ", "))."
      )
    }
    var unhurried = database
    unhurried.statementTimeout = nil
    let connection = try await PostgresConnection.connect(unhurried, logger: logger)
    // That every migration is applied says nothing here.
    var logger = logger
    logger.logLevel = max(logger.logLevel, .notice)
    let result: Result<Void, any Error>
    do {
      _ = try await Migrations.apply(migrations.filter { had.contains($0.name) }, on: connection, logger: logger)
      try await load(on: connection, progress)
      _ = try await Migrations.apply(migrations, on: connection, logger: logger)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await connection.close()
    try result.get()
  }

  private func load(
    on connection: PostgresConnection, _ progress: @escaping @Sendable (BackupProgress) -> Void
  ) async throws {
    let isEmpty =
      try await connection.query(
        "SELECT (SELECT position = 0 FROM log.head) AND NOT EXISTS (SELECT FROM account.credential)"
      ).decode(Bool.self).first ?? false
    guard isEmpty else {
      throw BackupError("There is an installation in this database already. Restore into an empty one.")
    }
    _ = try await connection.execute("BEGIN")
    for segment in manifest.segments {
      progress(.init(stage: .events, done: Int(segment.first - 1), total: Int(manifest.position)))
      let rows = try await load(segment.file, into: BackupTables.events, on: connection)
      guard rows == Int(segment.last - segment.first + 1) else {
        throw BackupError(
          "\(segment.file.path) has \(rows) events, and should have those from \(segment.first) to \(segment.last).")
      }
    }
    for (index, table) in manifest.tables.enumerated() {
      progress(.init(stage: .tables, done: index, total: manifest.tables.count))
      _ = try await load(table.file, into: table.name, on: connection)
    }
    _ = try await connection.execute(
      "UPDATE log.head SET position = \(manifest.position), recorded_at = coalesce((SELECT max(recorded_at) FROM log.event WHERE position = \(manifest.position)), recorded_at)"
    )
    _ = try await connection.execute("COMMIT")
    _ = try await connection.execute("ANALYZE log.event")
  }

  private func load(
    _ file: BackupManifest.File, into table: String, on connection: PostgresConnection
  ) async throws -> Int {
    try await connection.copyIn(
      "COPY \(table: table) (\(columns: file.columns)) FROM STDIN (FORMAT binary)",
      chunks: CompressedFile.read(directory.appending(path: file.path).path))
  }

  /// Brings the bytes to a store that has none.
  ///
  /// - Parameter linked: the files of the backup themselves, where the file system can: for a place that is thrown away.
  public func loadBlobs(
    to root: URL, linked: Bool = false, progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }
  ) async throws {
    let (source, target) = (BlobTree(root: directory.appending(path: "blobs").path), BlobTree(root: root.path))
    guard try target.entries().allSatisfy({ !$0.target.contains("/") }) else {
      throw BackupError("\(root.path) has blobs already. Restore into an empty place.")
    }
    try target.createDirectories()
    let taken = try await target.takeAll(
      try source.entries(), from: source, linked ? .link : .copy, progress: progress)
    guard taken.vanished == 0 else { throw BackupError("\(source.root) was changed while it was copied.") }
    if !linked { try DurableFile.syncDirectories(below: root.path) }
  }
}
