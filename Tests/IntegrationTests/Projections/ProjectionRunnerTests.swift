// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis
import Synchronization
import TestSupport
import Testing

@testable import Projections

struct ProjectionRunnerTests {
  /// Two runners a projection, as in two processes, while the log grows.
  @Test func runnersShareAProjectionWithoutFoldingTwice() async throws {
    try await withEventLog { log, pool in
      let history = GeneratedHistory(seed: 11, steps: 150, erasing: true)
      let positions = ProjectionPositions(pool: pool)
      let runners = (ProjectionCatalog.all + ProjectionCatalog.all).map { runner($0, pool, log) }
      try await running(runners.map { runner in { try await runner.run() } }) {
        for append in history.appends { _ = try await log.append(append) }
        try await positions.wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
      }
      let model = try ProjectionModel(try await log.read(after: .start, limit: .max)).rows
      for projection in ProjectionCatalog.all {
        let rows = try await ReadTables.rows(of: projection, pool)
        #expect(difference(of: rows, and: model) == [])
      }
    }
  }

  @Test func checkpointMovesOverEventsThatAreNotWanted() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      let head = try await uploads.upload("a", content: 1)
      let positions = ProjectionPositions(pool: pool)
      let quota = runner(QuotaProjection(), pool, log)
      try await running([{ try await quota.run() }]) {
        try await positions.wait(for: ["quota"], toReach: head, timeout: .seconds(10))
      }
      #expect(try await CheckpointViews(pool: pool).checkpoint("quota")?.position == head)
    }
  }

  @Test func poisonStopsOnlyItsProjectionAndOnlyBehindItself() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      try await uploads.upload("before", content: 1)
      let poison = NewEvent(
        type: "file.uploaded", schemaVersion: 1, payload: Array(#"{"fileId":"no identifier"}"#.utf8))
      let bad = try await log.append(to: StreamName(category: "file", id: "x"), expected: .noStream, [poison]).last
      let head = try await uploads.upload("after", content: 2)
      let positions = ProjectionPositions(pool: pool)
      var options = ProjectionRunner.Options.fast
      options.onPoison = .stop
      let files = runner(FilesProjection(), pool, log, options: options)
      let quota = runner(QuotaProjection(), pool, log)
      try await running([{ try await files.run() }, { try await quota.run() }]) {
        try await positions.wait(for: ["quota"], toReach: head, timeout: .seconds(10))
        try await eventually { try await CheckpointViews(pool: pool).checkpoint("files")?.error != nil }
      }
      let checkpoint = try #require(try await CheckpointViews(pool: pool).checkpoint("files"))
      #expect(checkpoint.position == Position(bad.rawValue - 1))
      #expect(checkpoint.error?.hasPrefix("At position \(bad), file.uploaded \(poison.id.text): ") == true)
      let page = try await FileViews(pool: pool).list(owner: uploads.owner)
      #expect(page.items.map(\.path) == ["before"])
    }
  }

  @Test func aStoppedProjectionGoesOnAfterARestartThatMendsIt() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      for path in ["a", "b", "c"] { try await uploads.upload(path, content: 1) }
      let head = try await log.head()
      let sabotaged = SabotagedFiles(failsAt: Position(2))
      var options = ProjectionRunner.Options.fast
      options.onPoison = .stop
      let broken = runner(sabotaged, pool, log, options: options)
      try await running([{ try await broken.run() }]) {
        try await eventually { try await CheckpointViews(pool: pool).checkpoint("files")?.error != nil }
      }
      #expect(try await CheckpointViews(pool: pool).checkpoint("files")?.position == Position(1))
      // In the batch, in its half, then three times alone.
      #expect(sabotaged.failures.load(ordering: .relaxed) == 5)

      let mended = runner(FilesProjection(), pool, log)
      try await running([{ try await mended.run() }]) {
        try await ProjectionPositions(pool: pool).wait(for: ["files"], toReach: head, timeout: .seconds(10))
      }
      #expect(try await CheckpointViews(pool: pool).checkpoint("files")?.error == nil)
      #expect(try await FileViews(pool: pool).list(owner: uploads.owner).items.map(\.path) == ["a", "b", "c"])
    }
  }

  /// As in the middle of an upgrade.
  @Test func aProgramOfAnotherVersionNeitherFoldsNorStopsThoseThatDo() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      let positions = ProjectionPositions(pool: pool)
      let later = runner(LaterFiles(), pool, log)
      let quota = runner(QuotaProjection(), pool, log)
      let files = runner(FilesProjection(), pool, log)
      let first = try await uploads.upload("a", content: 1)
      _ = try await pool.execute(Checkpoint.create("files", version: FilesProjection.version))
      try await running([{ try await later.run() }, { try await quota.run() }]) {
        try await positions.wait(for: ["quota"], toReach: first, timeout: .seconds(10))
      }
      #expect(try await CheckpointViews(pool: pool).checkpoint("files")?.position == .start)
      try await running([{ try await later.run() }, { try await files.run() }]) {
        try await positions.wait(for: ["files"], toReach: first, timeout: .seconds(10))
        // What programs before this one did when they met such tables.
        _ = try await pool.execute(
          Checkpoint.stop(
            "files", at: first, error: "The tables are of version 1, the program is of version 2: rebuild them."))
        let second = try await uploads.upload("b", content: 2)
        try await positions.wait(for: ["files"], toReach: second, timeout: .seconds(10))
      }
      #expect(try await CheckpointViews(pool: pool).checkpoint("files")?.error == nil)
      #expect(try await FileViews(pool: pool).list(owner: uploads.owner).items.map(\.path) == ["a", "b"])
    }
  }

  @Test func movesAreToldOverRedisAndFollowedThere() async throws {
    try await withRedis { configuration in
      let redis = RedisClient(configuration: configuration, logger: Logger(label: "test"))
      try await withEventLog { log, pool in
        let follower = ProjectionPositions(pool: pool, redis: redis)
        let files = ProjectionRunner(
          FilesProjection(), pool: pool, log: log, redis: redis, options: .fast, logger: Logger(label: "test"))
        let head = try await running([{ try await files.run() }, { try await follower.run() }]) {
          // The first move may precede the follower; from the second on it is told.
          var head = Position.start
          try await eventually {
            head = try await Uploads(log: log).upload("a", content: 1)
            return follower.known(of: "files") > .start
          }
          return head
        }
        let entry = try #require(try await redis.newestEntry("live"))
        #expect(entry.fields["projection"] == "files")
        #expect(entry.fields["position"].flatMap(Int64.init).map { $0 <= head.rawValue } == true)
      }
      await redis.close()
    }
  }

  @Test func runnersStartAndStopAtAnyMoment() async throws {
    try await withEventLog { log, pool in
      let history = GeneratedHistory(seed: 12, steps: 100)
      for append in history.appends { _ = try await log.append(append) }
      for round in 0..<20 {
        let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
        try await running(runners.map { runner in { try await runner.run() } }) {
          for _ in 0..<(round * 50) { await Task.yield() }
        }
      }
      let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
      try await running(runners.map { runner in { try await runner.run() } }) {
        try await ProjectionPositions(pool: pool)
          .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
      }
      let model = try ProjectionModel(try await log.read(after: .start, limit: .max)).rows
      for projection in ProjectionCatalog.all {
        let rows = try await ReadTables.rows(of: projection, pool)
        #expect(difference(of: rows, and: model) == [])
      }
    }
  }
}

/// The files projection of a program with a mistake.
private final class SabotagedFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  struct Mistake: Error {}

  let failures = Atomic(0)
  private let failsAt: Position

  init(failsAt: Position) { self.failsAt = failsAt }

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    if batch.contains(where: { $0.position == failsAt }) {
      failures.add(1, ordering: .relaxed)
      throw Mistake()
    }
    try await FilesProjection().apply(batch, on: connection)
  }
}

/// The projection of files in a program that is yet to come.
private struct LaterFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version + 1
  static let eventTypes = FilesProjection.eventTypes

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    Issue.record("it folds tables of another version")
  }
}
