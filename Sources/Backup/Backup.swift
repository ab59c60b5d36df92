// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Logging
public import Postgres

/// Writes into a directory what it takes to have an installation again: the log up to a position, what no event tells, and the bytes.
///
/// The installation goes on meanwhile. One snapshot of the database gives log, tables and digests of read tables as of one position; bytes
/// are copied afterwards, and since they are there before the events that name them, and stay for a grace after the last file that has
/// them, every content of that position is among them. A second time only what is new is written.
public struct Backup: Sendable {
  public struct Options: Sendable {
    /// Whether to note what the read tables are, to be compared with at a drill. Costs one reading of each.
    public var notesProjections = true
    /// Whether bytes stay in the backup that the store no longer has.
    public var keepsRemoved = false
    /// Events in one file.
    var segmentSize: Int64 = 1_000_000

    public init(notesProjections: Bool = true, keepsRemoved: Bool = false) {
      self.notesProjections = notesProjections
      self.keepsRemoved = keepsRemoved
    }
  }

  public struct Report: Sendable {
    public var manifest: BackupManifest
    public var newEvents: Int64
    public var copiedFiles: Int
    public var copiedBytes: Int64
    public var removedFiles: Int
  }

  private let database: PostgresConfiguration
  private let store: BlobTree?
  private let directory: URL
  private let target: BlobTree
  private let version: String
  private let options: Options
  private let logger: Logger

  /// - Parameters:
  ///   - database: as a role that may read every table: the owner of the schema.
  ///   - blobs: the root of the blob store; nil when the bytes are in a bucket: then they are not copied.
  ///   - directory: of the backup; made if need be.
  public init(
    of database: PostgresConfiguration, blobs: URL?, in directory: URL, version: String, options: Options = Options(),
    logger: Logger = Logger(label: "onefold.backup")
  ) {
    var unhurried = database
    unhurried.statementTimeout = nil
    self.database = unhurried
    store = blobs.map { BlobTree(root: $0.path) }
    self.directory = directory
    target = BlobTree(root: directory.appending(path: "blobs").path)
    self.version = version
    self.options = options
    self.logger = logger
  }

  /// - Throws: ``BackupError``, `PostgresError`. The backup that was there before is as it was.
  public func run(progress: @escaping @Sendable (BackupProgress) -> Void = { _ in }) async throws -> Report {
    for part in ["log", "tables", "blobs"] {
      try FileManager.default.createDirectory(
        at: directory.appending(path: part), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
    let lock = try BackupLock(directory)
    defer { lock.release() }
    let earlier = try BackupManifest.read(in: directory)
    // What is in the store before the snapshot may be needed for it, even if it goes meanwhile.
    let before = Set(try store?.entries().map(\.target) ?? [])
    var manifest = try await copyDatabase(after: earlier, progress)
    let copied = if let store { try await copyBlobs(of: store, progress) } else { Copied() }
    manifest.blobs = copied.blobs
    manifest.contentsAreElsewhere = store == nil ? true : nil
    try DurableFile.syncDirectories(below: directory.path)
    try manifest.write(in: directory)
    // Only now: until here the earlier backup was the one that counts.
    let removed = try removeRest(manifest, known: before.union(copied.known))
    return Report(
      manifest: manifest, newEvents: manifest.position - (earlier?.position ?? 0), copiedFiles: copied.files,
      copiedBytes: copied.bytes, removedFiles: removed)
  }

  // MARK: - The database

  private func copyDatabase(
    after earlier: BackupManifest?, _ progress: @escaping @Sendable (BackupProgress) -> Void
  ) async throws -> BackupManifest {
    let connection = try await PostgresConnection.connect(database, logger: logger)
    let result: Result<BackupManifest, any Error>
    do {
      // Not by `transaction`: COPY is read piece by piece, and each piece is compressed and written before the next.
      _ = try await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
      result = .success(try await copyDatabase(on: connection, after: earlier, progress))
    } catch {
      result = .failure(error)
    }
    await connection.close()
    return try result.get()
  }

  private func copyDatabase(
    on connection: PostgresConnection, after earlier: BackupManifest?,
    _ progress: @escaping @Sendable (BackupProgress) -> Void
  ) async throws -> BackupManifest {
    var manifest = try await state(on: connection)
    if let earlier { try await check(earlier, belongsTo: manifest, on: connection) }
    manifest.segments = earlier?.segments ?? []
    let start = earlier?.position ?? 0
    let columns = try await connection.query(BackupTables.columns(of: BackupTables.events)).decode(String.self)
    var next = start + 1
    while next <= manifest.position {
      progress(.init(stage: .events, done: Int(next - start - 1), total: Int(manifest.position - start)))
      let last = min(manifest.position, next + options.segmentSize - 1)
      let path = "log/\(Self.padded(next))-\(Self.padded(last)).copy.lz4"
      let copy: Query = """
        COPY (
          SELECT \(columns: columns) FROM log.event
          WHERE position BETWEEN \(literal: next) AND \(literal: last) ORDER BY position
        ) TO STDOUT (FORMAT binary)
        """
      let file = try await write(copy, columns, to: path, on: connection)
      manifest.segments.append(.init(first: next, last: last, file: file))
      next = last + 1
    }
    for (index, table) in BackupTables.kept.enumerated() {
      progress(.init(stage: .tables, done: index, total: BackupTables.kept.count))
      let columns = try await connection.query(BackupTables.columns(of: table)).decode(String.self)
      let copy: Query = "COPY \(table: table) (\(columns: columns)) TO STDOUT (FORMAT binary)"
      // Named after the position: the earlier backup keeps its own until this one counts.
      let file = try await write(
        copy, columns, to: "tables/\(table)@\(Self.padded(manifest.position)).copy.lz4", on: connection)
      manifest.tables.append(.init(name: table, file: file))
    }
    if options.notesProjections { manifest.projections = try await ProjectionNotes.take(on: connection) }
    return manifest
  }

  private func state(on connection: PostgresConnection) async throws -> BackupManifest {
    let head = try await connection.query("SELECT position, recorded_at FROM log.head").decode((Int64, Date).self)
    guard let (position, recordedAt) = head.first else { throw BackupError("The database has no log.") }
    let ends = try await connection.query(
      "SELECT position, id FROM log.event WHERE position IN (1, \(position))"
    ).decode((Int64, UUID).self)
    let migrations = try await connection.query("SELECT name FROM public.migration ORDER BY name").decode(String.self)
    return BackupManifest(
      version: version, createdAt: Date(), position: position, recordedAt: recordedAt,
      firstEvent: ends.first { $0.0 == 1 }?.1, lastEvent: ends.first { $0.0 == position }?.1, migrations: migrations)
  }

  /// So that nobody appends to the backup of another installation, or to one of a future that was given up by a restore.
  private func check(
    _ earlier: BackupManifest, belongsTo now: BackupManifest, on connection: PostgresConnection
  ) async throws {
    let same = try await connection.query("SELECT id FROM log.event WHERE position = \(earlier.position)")
      .decode(UUID.self).first
    guard earlier.position == 0 || earlier.firstEvent == now.firstEvent && earlier.lastEvent == same else {
      throw BackupError(
        "\(directory.path) holds the backup of another installation, or of a later state of this one. Choose another directory."
      )
    }
  }

  private func write(
    _ copy: Query, _ columns: [String], to path: String, on connection: PostgresConnection
  ) async throws -> BackupManifest.File {
    let written = try await CompressedFile.write(
      connection.copyOut(copy), to: directory.appending(path: path).path)
    return .init(path: path, bytes: written.bytes, sha256: written.sha256, columns: columns)
  }

  private static func padded(_ position: Int64) -> String {
    let digits = String(position)
    return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
  }

  // MARK: - Bytes

  private struct Copied {
    var blobs = BackupManifest.Blobs()
    var files = 0
    var bytes: Int64 = 0
    /// Everything that was there when the last look began.
    var known: Set<String> = []
  }

  /// A file may move from one place to another under our hands, and be missed in both: so a look after the last one that met such a file.
  private func copyBlobs(
    of store: BlobTree, _ progress: @escaping @Sendable (BackupProgress) -> Void
  ) async throws -> Copied {
    var copied = Copied()
    for look in 1...10 {
      let entries = try store.entries()
      copied.known = Set(entries.map(\.target))
      let taken = try await target.takeAll(entries, from: store, progress: progress)
      copied.files += taken.copied
      copied.bytes += taken.copiedBytes
      copied.blobs = .init(files: entries.count - taken.vanished, bytes: taken.bytes)
      if look >= 2, taken.vanished == 0 { return copied }
    }
    throw BackupError("Files of the blob store move faster than they can be copied.")
  }

  /// What this backup does not name: of interrupted ones, of the one before it, and bytes that are gone from the store.
  private func removeRest(_ manifest: BackupManifest, known: Set<String>) throws -> Int {
    let named = Set((manifest.segments.map(\.file) + manifest.tables.map(\.file)).map(\.path))
    for part in ["log", "tables"] {
      for name in try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: part).path)
      where !named.contains("\(part)/\(name)") {
        try FileManager.default.removeItem(at: directory.appending(path: "\(part)/\(name)"))
      }
    }
    guard !options.keepsRemoved else { return 0 }
    let gone = try target.entries().filter { !known.contains($0.target) }
    for entry in gone { target.remove(entry.source) }
    return gone.count
  }
}
