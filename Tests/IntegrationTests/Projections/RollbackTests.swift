// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Projections

/// Tables that a rebuild has replaced come back, for a while.
struct RollbackTests {
  @Test func theEarlierTablesCatchUpAndEqualTheLog() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    try await withEventLog { log, pool in
      let history = GeneratedHistory(seed: seed, steps: 160).appends
      try await append(history.prefix(history.count / 2), to: log, pool)
      for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log) { _ = try result.get() }
      let kept = try await RebuildBoard(pool: pool).previous()
      #expect(kept.map(\.projection) == ProjectionCatalog.names.sorted())
      try await append(history.dropFirst(history.count / 2), to: log, pool)

      for projection in ProjectionCatalog.all {
        let live = try #require(try await CheckpointViews(pool: pool).checkpoint(projection.name)?.position)
        try await Rebuild.rollBack(projection.name, pool: pool, log: log)
        let back = try #require(try await CheckpointViews(pool: pool).checkpoint(projection.name)?.position)
        // Nobody who has seen a position is shown less.
        #expect(back == live)
        let earlier = try #require(kept.first { $0.projection == projection.name }?.position)
        #expect(earlier < live)
      }
      let model = try ProjectionModel(try await log.read(after: .start, limit: .max)).rows
      for projection in ProjectionCatalog.all {
        #expect(difference(of: try await ReadTables.rows(of: projection, pool), and: model) == [], "seed \(seed)")
        #expect(try await Rebuild.run(projection, pool: pool, log: log).comparison == .equal, "seed \(seed)")
      }
      print("rollback: n \(history.count) appends, \(ProjectionCatalog.all.count) projections, seed \(seed)")
    }
  }

  @Test func aRollbackThatFailsChangesNothing() async throws {
    try await withEventLog { log, pool in
      try await append(GeneratedHistory(seed: 43, steps: 60).appends, to: log, pool)
      _ = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      let before = try await CheckpointViews(pool: pool).checkpoint("files")
      // Folded by the live tables, but the earlier ones have a row in its place.
      try await append([[try upload(GeneratedHistory.digest(1))]], to: log, pool)
      let file = try #require(try await pool.query("SELECT id FROM files.file ORDER BY position DESC").first)
      _ = try await pool.execute(
        """
        INSERT INTO files_previous.file (id, owner, position, size, uploaded_at, settled, state, digest, path)
        VALUES (\(try file.decode(0, as: UUID.self)), \(UUID()), 1, 1, now(), false, 'live', '', '')
        """)
      await #expect(throws: UnfoldableEvent.self) { try await Rebuild.rollBack("files", pool: pool, log: log) }
      let after = try #require(try await CheckpointViews(pool: pool).checkpoint("files"))
      #expect(after.generation == before?.generation)
      #expect(try await RebuildBoard(pool: pool).previous().first?.position == before?.position)
    }
  }

  private func upload(_ digest: Digest) throws -> StreamAppend {
    let event = FileUploaded(
      fileId: .v7(), path: "late", digest: digest, size: 1, contentType: nil, jobClass: .bulk)
    return StreamAppend(
      stream: StreamName(category: "file", id: event.fileId), expected: .noStream,
      events: [try NewEvent(event, owner: .v7())])
  }

  @Test func rollingBackTwiceChangesNothing() async throws {
    try await withEventLog { log, pool in
      try await append(GeneratedHistory(seed: 41, steps: 80).appends, to: log, pool)
      // The live tables are damaged; the rebuild mends them; rolling back returns to the damage, and again to the mended ones.
      _ = try await pool.execute("UPDATE files.file SET size = size + 1")
      _ = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      let mended = try await ReadTables.rows(of: FilesProjection(), pool)
      try await Rebuild.rollBack("files", pool: pool, log: log)
      #expect(try await ReadTables.rows(of: FilesProjection(), pool) != mended)
      try await Rebuild.rollBack("files", pool: pool, log: log)
      #expect(try await ReadTables.rows(of: FilesProjection(), pool) == mended)
    }
  }

  @Test func parkedEventsGoWithTheTablesThatLackThem() async throws {
    try await withEventLog { log, pool in
      let bad = NewEvent(type: "file.trashed", schemaVersion: 1, payload: Array("{}".utf8))
      _ = try await log.append(to: StreamName(category: "file", id: .v7()), expected: .noStream, [bad])
      try await append([], to: log, pool)
      _ = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      #expect(try await ParkedEvents(pool: pool).list(of: "files").items.map(\.attempts) == [2])
      try await Rebuild.rollBack("files", pool: pool, log: log)
      #expect(try await ParkedEvents(pool: pool).list(of: "files").items.map(\.attempts) == [1])
    }
  }

  @Test func afterTheWindowThereIsNothingToReturnTo() async throws {
    try await withEventLog { log, pool in
      try await append(GeneratedHistory(seed: 42, steps: 20).appends, to: log, pool)
      _ = try await Rebuild.run(FilesProjection(), pool: pool, log: log)
      var options = RebuildService.Options.fast
      let patient = RebuildService(pool: pool, log: log, options: options, logger: Logger(label: "test"))
      options.rollbackWindow = .zero
      let sweeping = RebuildService(pool: pool, log: log, options: options, logger: Logger(label: "test"))
      try await running([{ try await patient.run() }]) {
        try await Task.sleep(for: .milliseconds(100))
      }
      #expect(try await RebuildBoard(pool: pool).previous().count == 1)
      try await running([{ try await sweeping.run() }]) {
        try await eventually { try await RebuildBoard(pool: pool).previous().isEmpty }
      }
      await #expect(throws: RebuildError.nothingToRollBackTo(projection: "files")) {
        try await Rebuild.rollBack("files", pool: pool, log: log)
      }
      await #expect(throws: RebuildError.unknownProjection("log")) {
        try await Rebuild.rollBack("log", pool: pool, log: log)
      }
    }
  }

  /// Appends, and folds everything there is.
  private func append(
    _ appends: some Sequence<[StreamAppend]>, to log: PostgresEventLog, _ pool: PostgresPool
  ) async throws {
    for append in appends { _ = try await log.append(append) }
    let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
    try await running(runners.map { runner in { try await runner.run() } }) {
      try await ProjectionPositions(pool: pool)
        .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
    }
  }
}
