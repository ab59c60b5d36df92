// SPDX-License-Identifier: Apache-2.0

import Accounts
import Backup
import BlobStore
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Projections

/// The steps of a restore, and of a drill.
struct Restoring: Sendable {
  let restore: Restore
  let source: URL
  let secrets: URL?
  let logger: Logger

  /// Into the place that the settings name, which must be empty.
  func restore(_ settings: Settings, _ bars: StageBars) async throws -> RestoreReport {
    let start = ContinuousClock.now
    try restore.checkFiles()
    guard settings.databaseURL == nil else {
      var report = try await load(settings, isDrill: false, place: nil, bars)
      report.seconds = start.duration(to: .now) / .seconds(1)
      return report
    }
    let isNew = !FileManager.default.fileExists(atPath: settings.dataDirectory.path)
    let directory = try DataDirectory(claiming: settings.dataDirectory)
    do {
      var report = try await withPrivateServers(settings, in: directory) { settings in
        try await load(settings, isDrill: false, place: directory.url.path, bars)
      }
      report.seconds = start.duration(to: .now) / .seconds(1)
      withExtendedLifetime(directory) {}
      return report
    } catch {
      // Half an installation would stand in the way of the next try.
      if isNew { Self.remove(directory.url) }
      throw error
    }
  }

  /// Into a place that is thrown away: all there is to find out is found out.
  func drill(_ settings: Settings, _ bars: StageBars) async throws -> RestoreReport {
    let start = ContinuousClock.now
    try restore.checkFiles()
    // Beside the backup, where the same file system can lend its files instead of having them twice; elsewhere if that may not be written.
    let beside = source.deletingLastPathComponent()
    let parent =
      FileManager.default.isWritableFile(atPath: beside.path) ? beside : FileManager.default.temporaryDirectory
    let place = parent.appending(path: ".onefold-drill-\(UUID.v7().text)")
    var settings = settings
    settings.dataDirectory = place
    settings.blobsDirectory = place.appending(path: "blobs")
    // Nobody else's bytes are touched by a drill.
    settings.s3 = nil
    (settings.databaseURL, settings.databaseOwnerURL, settings.redisURL) = (nil, nil, nil)
    let result: Result<RestoreReport, any Error>
    do {
      let directory = try DataDirectory(claiming: place)
      result = .success(
        try await withPrivateServers(settings, in: directory) { settings in
          try await load(settings, isDrill: true, place: nil, bars)
        })
      withExtendedLifetime(directory) {}
    } catch {
      result = .failure(error)
    }
    Self.remove(place)
    var report = try result.get()
    report.seconds = start.duration(to: .now) / .seconds(1)
    return report
  }

  private func withPrivateServers<Value: Sendable>(
    _ settings: Settings, in directory: DataDirectory, _ body: (Settings) async throws -> Value
  ) async throws -> Value {
    var settings = settings
    if let secrets {
      try Secrets.copy(from: secrets, to: directory.url)
    } else if Secrets.areThere(in: source) {
      try Secrets.copy(from: Secrets.place(in: source), to: directory.url)
    }
    settings.keySecret = settings.keySecret ?? DataDirectory.secret(DataDirectory.keySecret, in: directory.url)
    guard settings.keySecret != nil else {
      throw CommandError(
        "Without the secret that wraps the keys of personal data nothing can be read: set ONEFOLD_KEY_SECRET, or name the directory with the secrets by --secrets."
      )
    }
    let servers = try await PrivateServers.start(settings, in: directory, migrates: false, logger: logger)
    settings.databaseURL = servers.places.databaseURL
    settings.databaseOwnerURL = servers.places.databaseOwnerURL
    settings.redisURL = servers.places.redisURL
    let result: Result<Value, any Error>
    do { result = .success(try await body(settings)) } catch { result = .failure(error) }
    await servers.stop()
    return try result.get()
  }

  private func load(
    _ settings: Settings, isDrill: Bool, place: String?, _ bars: StageBars
  ) async throws -> RestoreReport {
    guard let owner = settings.databaseOwnerURL else {
      throw CommandError("Which database? Set DATABASE_OWNER_URL, or name a data directory that is not there yet.")
    }
    try settings.requireKeySecret()
    guard isDrill || (restore.manifest.contentsAreElsewhere == true) == (settings.s3 != nil) else {
      throw CommandError(
        settings.s3 == nil
          ? "The bytes of this backup are in a bucket: set ONEFOLD_S3_ENDPOINT and the other S3 settings as they were."
          : "The bytes of this backup are in it: restore it without ONEFOLD_S3_ENDPOINT, into a directory.")
    }
    let migrations = try Migrations.load(from: settings.migrationsDirectory)
    try await restore.loadDatabase(
      PostgresConfiguration(url: owner, applicationName: "onefold restore"), migrations: migrations
    ) { bars.show($0) }
    // The private servers trust whoever may enter their sockets' directory.
    _ = try await MigrateCommand.migrate(
      url: owner, settings: settings, password: place != nil || isDrill ? "" : nil, logger: logger)
    try FileManager.default.createDirectory(at: settings.blobsDirectory, withIntermediateDirectories: true)
    try await restore.loadBlobs(to: settings.blobsDirectory, linked: isDrill) { bars.show($0) }
    let connections = try Connections(settings, logger: logger)
    let result: Result<RestoreReport, any Error>
    do {
      try await connections.keys.check()
      result = .success(try await fold(settings, connections, isDrill: isDrill, place: place, bars))
    } catch { result = .failure(error) }
    await connections.close()
    return try result.get()
  }

  /// Read tables up to where the backup noted what they were, which is compared, and then to its end.
  private func fold(
    _ settings: Settings, _ connections: Connections, isDrill: Bool, place: String?, _ bars: StageBars
  ) async throws -> RestoreReport {
    var report = RestoreReport(
      isDrill: isDrill, dataDirectory: place, position: restore.manifest.position,
      recordedAt: restore.manifest.recordedAt)
    let end = Position(restore.manifest.position)
    let notes = Dictionary(restore.manifest.projections.map { ($0.name, $0) }) { first, _ in first }
    report.tables = try await withThrowingTaskGroup(of: RestoreReport.Table.self) { group in
      for projection in ProjectionCatalog.all {
        let (name, version) = (type(of: projection).name, type(of: projection).version)
        group.addTask {
          let refold = Refold(projection, pool: connections.pool, log: connections.log, logger: connections.logger)
          let note = notes[name].flatMap { $0.version == version ? $0 : nil }
          var isAsItWas: Bool?
          var rows: Int64 = 0
          func follow(_ target: Position) async throws {
            try await refold.run(through: target) {
              bars.show(.init(stage: .projections, done: Int($0.rawValue), total: Int(end.rawValue)))
            }
          }
          if let note {
            try await follow(Position(note.position))
            let digest = try await Self.digest(of: name, connections)
            isAsItWas = digest.digest == note.digest
          }
          try await follow(end)
          rows = try await Self.digest(of: name, connections).rows
          return .init(projection: name, position: note?.position ?? end.rawValue, rows: rows, isAsItWas: isAsItWas)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.projection < $1.projection }
    }
    if isDrill, restore.manifest.contentsAreElsewhere == true { return report }
    let store = try await settings.openBlobs(connections)
    let found = try await store.findPacks(olderThan: .zero)
    guard isDrill else {
      try await connections.reclaimer(settings, blobs: store).offer(found)
      return report
    }
    try await read(store, connections, &report, bars)
    return report
  }

  private static func digest(of name: String, _ connections: Connections) async throws -> ProjectionDigest {
    try await connections.pool.withConnection { try await ProjectionDigest.take(of: name, on: $0) }
  }

  /// Every content that a file has, from its first byte to its last.
  private func read(
    _ store: any ExaminedBlobStore, _ connections: Connections, _ report: inout RestoreReport, _ bars: StageBars
  ) async throws {
    let contents = ContentViews(pool: connections.pool)
    let totals = try await contents.totals()
    var (count, bytes): (Int, Int64) = (0, 0)
    var last: Digest?
    while true {
      let part = try await contents.held(after: last, limit: 1000)
      guard let end = part.last else { break }
      for content in part {
        try Task.checkCancellation()
        do {
          try await store.verify(content.digest)
        } catch let error as BlobStoreError {
          report.damaged.append(.init(digest: content.digest.description, reason: error.description))
        }
        (count, bytes) = (count + 1, bytes + content.size)
        bars.show(.init(stage: .contents, done: count, total: Int(totals.contents), bytes: bytes))
      }
      last = end.digest
    }
    (report.contents, report.bytes) = (count, bytes)
  }

  /// Postgres' own files may lie elsewhere, behind a link.
  private static func remove(_ place: URL) {
    let services = place.appending(path: "services").path
    if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: services) {
      try? FileManager.default.removeItem(atPath: target)
    }
    try? FileManager.default.removeItem(at: place)
  }
}
