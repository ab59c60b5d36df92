// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import Projections

struct RebuildTests {
  @Test func rebuiltTablesAreTheLiveOnesRowForRow() async throws {
    try await withFolded(seed: 21) { log, pool in
      for projection in ProjectionCatalog.all {
        let before = try await ReadTables.rows(of: projection, pool)
        let head = try await CheckpointViews(pool: pool).checkpoint(projection.name)?.position
        let report = try await Rebuild.run(projection, pool: pool, log: log)
        #expect(report.comparison == .equal, "\(projection.name)")
        #expect(report.position == head)
        #expect(report.rows == before.values.reduce(0) { $0 + Int64($1.count) })
        #expect(try await ReadTables.rows(of: projection, pool) == before)
        #expect(try await ReadTables.rows(of: projection, in: "\(projection.name)_previous", pool) == before)
        // A second one drops what the first kept, and comes out the same.
        #expect(try await Rebuild.run(projection, pool: pool, log: log).digest == report.digest)
      }
      let events = try await log.read(after: .start, limit: .max, filter: .types([ProjectionRebuilt.eventType]))
      #expect(events.count == 2 * ProjectionCatalog.all.count)
      let first = try events[0].decode(ProjectionRebuilt.self)
      #expect(first.projection == "files")
    }
  }

  @Test(arguments: [22, UInt64.random(in: 0...UInt64.max)])
  func rebuiltEqualsLiveWhileRunnersAndWritersGoOn(seed: UInt64) async throws {
    try await withFolded(seed: seed) { log, pool in
      let more = GeneratedHistory(seed: seed &+ 1, steps: 300).appends
      let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
      try await running(runners.map { runner in { try await runner.run() } }) {
        async let writing: Void = {
          for append in more { _ = try await log.append(append) }
        }()
        for _ in 0..<3 {
          for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log) {
            let report = try result.get()
            #expect(report.comparison == .equal, "\(report.projection), seed \(seed)")
          }
        }
        try await writing
        try await ProjectionPositions(pool: pool)
          .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
      }
      let model = try ProjectionModel(try await log.read(after: .start, limit: .max)).rows
      for projection in ProjectionCatalog.all {
        let rows = try await ReadTables.rows(of: projection, pool)
        #expect(difference(of: rows, and: model) == [], "seed \(seed)")
      }
      print("rebuilt equals live: n \(try await log.head()) events, 18 rebuilds while writing, seed \(seed)")
    }
  }

  @Test func whatWasDroppedComesBack() async throws {
    try await withMigratedDatabase(role: nil) { owner in
      try await withFolded(seed: 24, on: owner) { log, pool in
        let admin = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
        let head = try await log.head()
        var before: [String: [String: [String]]] = [:]
        for projection in ProjectionCatalog.all {
          before[projection.name] = try await ReadTables.rows(of: projection, pool)
          try await admin.script("DROP SCHEMA \(projection.name) CASCADE")
        }
        // Half a schema is no schema.
        _ = try await Rebuild.run(DuplicatesProjection(), pool: pool, log: log)
        try await admin.script("DROP TABLE duplicates.member")
        // Nor is a checkpoint needed.
        try await admin.script("DELETE FROM projection.checkpoint")
        for projection in ProjectionCatalog.all {
          let report = try await Rebuild.run(projection, pool: pool, log: log)
          #expect(report.comparison == .nothingLive)
          #expect(report.position >= head)
          #expect(try await ReadTables.rows(of: projection, pool) == before[projection.name])
        }
        await admin.close()
      }
    }
  }

  @Test func differencesAreCountedAndShown() async throws {
    try await withFolded(seed: 25) { log, pool in
      let rows = try await pool.query("SELECT id FROM files.file ORDER BY id LIMIT 2").map {
        try $0.decode(0, as: UUID.self)
      }
      _ = try await pool.execute("UPDATE files.file SET size = -1 WHERE id = \(rows[0])")
      _ = try await pool.execute("DELETE FROM files.file WHERE id = \(rows[1])")
      let report = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      guard case .different(let count, let first) = report.comparison else {
        Issue.record("\(report.comparison)")
        return
      }
      #expect(count == 2)
      #expect(Set(first.map { $0.live == nil }) == [true, false])
      #expect(first.allSatisfy { $0.table == "file" && $0.rebuilt != nil })
      // The rebuild is what the log says, so it is what is live now.
      #expect(try await Rebuild.run(FilesProjection(), pool: pool, log: log).comparison == .equal)
    }
  }

  @Test func aRebuildThatFailsChangesNothing() async throws {
    try await withFolded(seed: 26) { log, pool in
      let before = try await ReadTables.rows(of: FilesProjection(), pool)
      let checkpoint = try await CheckpointViews(pool: pool).checkpoint("files")
      await #expect(throws: UnfoldableEvent.self) { try await Rebuild.run(FailingFiles(), pool: pool, log: log) }
      #expect(try await ReadTables.rows(of: FilesProjection(), pool) == before)
      #expect(try await CheckpointViews(pool: pool).checkpoint("files") == checkpoint)
      let left = try await pool.query("SELECT to_regnamespace('files_next') IS NULL")
      #expect(try left[0].decode(0, as: Bool.self))
      // And the next one is free to run.
      #expect(try await Rebuild.run(FilesProjection(), pool: pool, log: log).comparison == .equal)
    }
  }

  @Test func oneRebuildOfAProjectionAtATime() async throws {
    try await withFolded(seed: 27) { log, pool in
      let inside = Mutex<[Result<RebuildReport, any Error>]>([])
      let second = SecondRebuild(pool: pool, log: log) { result in inside.withLock { $0.append(result) } }
      _ = try await Rebuild.run(second, pool: pool, log: log)
      let results = inside.withLock { $0 }
      #expect(!results.isEmpty)
      for result in results {
        #expect(throws: RebuildError.alreadyRunning(projection: "files")) { try result.get() }
      }
    }
  }

  @Test func aRebuildMendsAStoppedProjection() async throws {
    try await withFolded(seed: 28) { log, pool in
      let position = try #require(try await CheckpointViews(pool: pool).checkpoint("files")?.position)
      _ = try await pool.execute(Checkpoint.stop("files", at: position, error: "poison"))
      _ = try await pool.execute("UPDATE projection.checkpoint SET version = 7 WHERE name = 'files'")
      _ = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      let checkpoint = try #require(try await CheckpointViews(pool: pool).checkpoint("files"))
      #expect(checkpoint.error == nil)
      #expect(checkpoint.version == FilesProjection.version)
      #expect(checkpoint.position == position)
    }
  }

  @Test func progressGoesUpToTheEnd() async throws {
    try await withEventLog { log, pool in
      // Long enough for several batches; nothing is live, so the rebuild goes to the end of the log.
      let uploads = Uploads(log: log)
      for start in stride(from: 0, to: 12_000, by: 400) {
        _ = try await log.append(
          try (start..<start + 400).map { number in
            let id = UUID.v7()
            let event = FileUploaded(
              fileId: id, path: "\(number)", digest: GeneratedHistory.digest(number % 8), size: 1, contentType: nil,
              jobClass: .bulk)
            return StreamAppend(
              stream: StreamName(category: "file", id: id), expected: .noStream,
              events: [try NewEvent(event, owner: uploads.owner)])
          })
      }
      let files = runner(FilesProjection(), pool, log)
      try await running([{ try await files.run() }]) {
        try await ProjectionPositions(pool: pool).wait(for: ["files"], toReach: Position(12_000), timeout: .seconds(60))
      }
      let progress = Mutex<[RebuildProgress]>([])
      let report = try await Rebuild.run(FilesProjection(), pool: pool, log: log) { step in
        progress.withLock { $0.append(step) }
      }
      let steps = progress.withLock { $0 }
      #expect(report.comparison == .equal)
      #expect(report.tables.map(\.rows) == [12_000])
      #expect(steps.count >= 2)
      #expect(steps.map(\.position) == steps.map(\.position).sorted())
      #expect(steps.allSatisfy { $0.target == Position(12_000) && $0.eventsPerSecond > 0 && $0.timeLeft != nil })
    }
  }

  @Test func theApplicationMayNotChangeTablesItself() async throws {
    try await withPool { pool in
      let statements: [Query] = [
        "DROP SCHEMA files CASCADE", "DROP TABLE files.file", "TRUNCATE files.file", "CREATE SCHEMA mine",
        "ALTER SCHEMA files RENAME TO mine", "DROP SCHEMA blueprint_files CASCADE",
        "INSERT INTO blueprint_quota.account SELECT * FROM quota.account",
        "SELECT projection.create_tables('files', 'mine')", "SELECT projection.begin_rebuild('log')",
        "SELECT projection.finish_rebuild('public', 1, 1)", "SELECT projection.roll_back('log')",
        "SELECT projection.define('mine')", "SELECT projection.drop_previous('files')",
        "DELETE FROM projection.checkpoint",
        "DELETE FROM projection.previous",
      ]
      for statement in statements {
        await #expect(throws: PostgresError.self, "\(statement.text)") { try await pool.query(statement) }
      }
    }
  }

  /// The log with a generated history, and every projection folded to its end.
  private func withFolded(
    seed: UInt64, on configuration: PostgresConfiguration? = nil,
    _ body: (PostgresEventLog, PostgresPool) async throws -> Void
  ) async throws {
    func fold(_ log: PostgresEventLog, _ pool: PostgresPool) async throws {
      for append in GeneratedHistory(seed: seed, steps: 120, erasing: true).appends { _ = try await log.append(append) }
      let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
      try await running(runners.map { runner in { try await runner.run() } }) {
        try await ProjectionPositions(pool: pool)
          .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
      }
      try await body(log, pool)
    }
    guard let configuration else { return try await withEventLog(fold) }
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: configuration.url, role: "onefold_app"), size: 16,
      logger: Logger(label: "test"))
    let result: Result<Void, any Error>
    do {
      result = .success(try await fold(PostgresEventLog(pool: pool, redis: nil), pool))
    } catch { result = .failure(error) }
    await pool.close()
    try result.get()
  }
}

private struct FailingFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  struct Mistake: Error {}

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    try await FilesProjection().apply(batch, on: connection)
    throw Mistake()
  }
}

/// Begins another rebuild of itself in the middle of one.
private struct SecondRebuild: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  let pool: PostgresPool
  let log: any EventLog
  let result: @Sendable (Result<RebuildReport, any Error>) -> Void

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    do {
      result(.success(try await Rebuild.run(FilesProjection(), pool: pool, log: log)))
    } catch { result(.failure(error)) }
    try await FilesProjection().apply(batch, on: connection)
  }
}
