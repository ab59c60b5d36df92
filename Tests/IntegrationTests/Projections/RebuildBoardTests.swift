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

/// Rebuilds that are asked for, and several at the same time.
struct RebuildBoardTests {
  @Test func aRequestIsTakenByOneServiceAndShowsHowItEnds() async throws {
    try await withFolded(seed: 51) { log, pool in
      let board = RebuildBoard(pool: pool)
      let account = UUID.v7()
      for name in ProjectionCatalog.names {
        #expect(try await board.request(name, by: account).state == .requested)
        await #expect(throws: RebuildError.alreadyRunning(projection: name)) {
          try await board.request(name, by: account)
        }
      }
      await #expect(throws: RebuildError.unknownProjection("log")) { try await board.request("log", by: account) }
      let services = (0..<3).map { _ in
        RebuildService(pool: pool, log: log, options: .fast, logger: Logger(label: "test"))
      }
      try await running(services.map { service in { try await service.run() } }) {
        try await eventually(within: .seconds(30)) {
          try await board.all().allSatisfy { $0.state == .done }
        }
      }
      for status in try await board.all() {
        #expect(status.differing == 0)
        #expect(status.position == status.target)
        #expect(status.finishedAt != nil)
      }
      let rebuilt = try await log.read(after: .start, limit: .max, filter: .types([ProjectionRebuilt.eventType]))
      #expect(rebuilt.count == ProjectionCatalog.all.count)
    }
  }

  @Test func aRebuildThatWasCutOffIsTakenUpAgain() async throws {
    try await withFolded(seed: 52) { log, pool in
      let board = RebuildBoard(pool: pool)
      try await board.request("files", by: nil)
      // Taken by a process that then dies without a word.
      #expect(try await board.take() == ["files"])
      #expect(try await board.take() == [])
      _ = try await pool.execute("UPDATE projection.rebuild SET updated_at = now() - interval '1 minute'")
      let service = RebuildService(pool: pool, log: log, options: .fast, logger: Logger(label: "test"))
      try await running([{ try await service.run() }]) {
        try await eventually { try await board.all().first?.state == .done }
      }
    }
  }

  @Test func aRequestedRebuildThatIsCancelledIsAskedForAgain() async throws {
    try await withFolded(seed: 53) { log, pool in
      let board = RebuildBoard(pool: pool)
      try await board.request("files", by: nil)
      #expect(try await board.take() == ["files"])
      let blocked = BlockedFiles()
      let rebuild = Task {
        await Rebuild.run([blocked], pool: pool, log: log, options: .init(isRequested: true))
      }
      try await eventually { blocked.isInside.load(ordering: .relaxed) }
      rebuild.cancel()
      let result = await rebuild.value
      #expect(throws: CancellationError.self) { try result[0].get() }
      #expect(try await board.all().first?.state == .requested)
      let left = try await pool.query("SELECT to_regnamespace('files_next') IS NULL")
      #expect(try left[0].decode(0, as: Bool.self))
    }
  }

  @Test func aRebuildByHandWhoseProcessDiedIsShownAsFailed() async throws {
    try await withFolded(seed: 54) { _, pool in
      let board = RebuildBoard(pool: pool)
      try await board.began("files", isRequested: false)
      _ = try await pool.execute("UPDATE projection.rebuild SET updated_at = now() - interval '1 minute'")
      #expect(try await board.take() == [])
      #expect(try await board.all().first?.state == .failed)
    }
  }

  @Test func oneThatFailsDoesNotConcernTheOthers() async throws {
    try await withFolded(seed: 55) { log, pool in
      let projections: [any Projection] = [SavingsProjection(), UnwillingFiles(), JobsProjection()]
      let results = await Rebuild.run(projections, pool: pool, log: log)
      #expect(try results[0].get().comparison == .equal)
      #expect(throws: UnfoldableEvent.self) { try results[1].get() }
      #expect(try results[2].get().comparison == .equal)
      let states = try await RebuildBoard(pool: pool).all().map { [$0.projection: $0.state] }
      #expect(states == [["files": .failed], ["jobs": .done], ["savings": .done]])
    }
  }

  @Test func whatTheLiveTablesHoldIsParkedOnlyWhenToldSo() async throws {
    try await withFolded(seed: 56) { log, pool in
      let before = try await ReadTables.rows(of: FilesProjection(), pool)
      await #expect(throws: UnfoldableEvent.self) { try await Rebuild.run(UnwillingFiles(), pool: pool, log: log) }
      #expect(try await ReadTables.rows(of: FilesProjection(), pool) == before)
      let report = try await Rebuild.run(UnwillingFiles(), pool: pool, log: log, options: .init(parksMore: true))
      #expect(report.parked > 0)
      #expect(try await ParkedEvents(pool: pool).counts()["files"] == report.parked)
    }
  }

  /// Neither the live feed, nor jobs, nor what a projection does after a live batch.
  @Test func nothingOutsideTheTablesIsToldOfReplayedEvents() async throws {
    try await withRedis { configuration in
      let redis = RedisClient(configuration: configuration, logger: Logger(label: "test"))
      try await withEventLog(redis: redis) { log, pool in
        for append in GeneratedHistory(seed: 57, steps: 150).appends { _ = try await log.append(append) }
        let observed = ObservedSavings()
        var runners = ProjectionCatalog.all.filter { $0.name != "savings" }.map { live($0, pool, log, redis) }
        runners.append(live(observed, pool, log, redis))
        try await running(runners.map { runner in { try await runner.run() } }) {
          try await ProjectionPositions(pool: pool)
            .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
        }
        let (moves, effects) = (try await entries(redis), observed.effects.load(ordering: .relaxed))
        #expect(moves["live"].map { $0 > 0 } == true)
        #expect(effects > 0)
        let all: [any Projection] = ProjectionCatalog.all.filter { $0.name != "savings" } + [observed]
        for result in await Rebuild.run(all, pool: pool, log: log) { #expect(try result.get().comparison == .equal) }
        #expect(try await entries(redis) == moves)
        #expect(observed.effects.load(ordering: .relaxed) == effects)
      }
      await redis.close()
    }
  }

  private func live(
    _ projection: any Projection, _ pool: PostgresPool, _ log: PostgresEventLog, _ redis: RedisClient
  ) -> ProjectionRunner {
    ProjectionRunner(projection, pool: pool, log: log, redis: redis, options: .fast, logger: Logger(label: "test"))
  }

  /// How long each stream is that somebody could be told by.
  private func entries(_ redis: RedisClient) async throws -> [String: Int64] {
    var lengths: [String: Int64] = [:]
    for stream in ["live", "jobs:admin", "jobs:interactive", "jobs:bulk"] {
      lengths[stream] = try await redis.command(["XLEN", .string(stream)]).int.map(Int64.init)
    }
    return lengths
  }

  private func withFolded(seed: UInt64, _ body: (PostgresEventLog, PostgresPool) async throws -> Void) async throws {
    try await withEventLog { log, pool in
      for append in GeneratedHistory(seed: seed, steps: 100).appends { _ = try await log.append(append) }
      let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
      try await running(runners.map { runner in { try await runner.run() } }) {
        try await ProjectionPositions(pool: pool)
          .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
      }
      try await body(log, pool)
    }
  }
}

/// Never comes to the end of its first batch.
private final class BlockedFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  let isInside = Atomic(false)

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    isInside.store(true, ordering: .relaxed)
    try await Task.sleep(for: .seconds(60))
  }
}

private struct UnwillingFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  struct Mistake: Error {}

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws { throw Mistake() }
}

/// Savings, with an effect that can be counted.
private final class ObservedSavings: Projection {
  static let name = SavingsProjection.name
  static let version = SavingsProjection.version
  static let eventTypes = SavingsProjection.eventTypes

  let effects = Atomic(0)

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    try await SavingsProjection().apply(batch, on: connection)
  }

  func didCommit(in pool: PostgresPool) async throws { effects.add(1, ordering: .relaxed) }
}
