// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Projections

/// Events that cannot be folded, among many that can.
struct ParkingTests {
  @Test func whatCannotBeFoldedIsPassedByAndNothingElse() async throws {
    let (start, rounds, first) = (ContinuousClock.now, Trials.count(3), Trials.seed())
    var (events, parked) = (0, 0)
    for round in 0..<rounds {
      let counts = try await foldPoisoned(seed: first &+ UInt64(round))
      events += counts.good
      parked += counts.poisoned
    }
    Trials.held(
      21, "\(parked) poison events among \(events) others, \(rounds) histories", seed: first, since: start,
      "others not folded 0", "poison not parked at its position 0")
  }

  private func foldPoisoned(seed: UInt64) async throws -> (good: Int, poisoned: Int) {
    try await withEventLog { log, pool in
      let poisoned = try await appendPoisoned(GeneratedHistory(seed: seed, steps: 120), to: log, seed: seed)
      try await runAll(log, pool)

      let all = try await log.read(after: .start, limit: .max)
      let positions = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0.position) })
      let good = all.filter { poisoned[$0.id] == nil }
      let model = try ProjectionModel(good).rows
      let parked = ParkedEvents(pool: pool)
      for projection in ProjectionCatalog.all {
        let rows = try await ReadTables.rows(of: projection, pool)
        #expect(difference(of: rows, and: model) == [], "seed \(seed)")
        let expected = poisoned.filter { $0.value.contains(projection.name) }.keys
        let listed = try await parked.list(of: projection.name, limit: 500).items
        let known = listed.filter { $0.projection != UnrecognisedProjection.name }
        #expect(Set(known.map(\.eventId)) == Set(expected), "\(projection.name), seed \(seed)")
        #expect(known.allSatisfy { $0.position == positions[$0.eventId] }, "\(projection.name), seed \(seed)")
      }

      // A rebuild treats the same events the same way, also when it takes them in many steps.
      let before = try await parked.list(limit: 500).items
      for size in [20_000, 40] {
        var options = Rebuild.Options()
        (options.batchSize, options.rest) = (size, 0)
        for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log, options: options) {
          let report = try result.get()
          #expect(report.comparison == .equal, "\(report.projection), steps of \(size), seed \(seed)")
        }
      }
      let after = try await parked.list(limit: 500).items
      #expect(after.map(\.eventId) == before.map(\.eventId))
      #expect(after.map(\.firstAt) == before.map(\.firstAt))
      #expect(zip(after, before).allSatisfy { $0.projection == "unrecognised" || $0.attempts > $1.attempts })
      return (good.count, poisoned.count)
    }
  }

  /// Tables without keys take what keys refuse, and sums that fall below zero on their way show it only at the end.
  @Test func aRebuildBeginsAgainWhenItHasLoadedWhatCannotBeFolded() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      let (twice, other) = (UUID.v7(), UUID.v7())
      try await uploads.upload("a", content: 1, id: twice)
      try await uploads.append("file", other.text, Self.removal(of: other, content: 5))
      for number in 0..<20 { try await uploads.upload("\(number)", content: number % 3) }
      try await uploads.upload("b", content: 5, id: other)
      try await uploads.upload("again", content: 1, id: twice)
      try await runAll(log, pool)
      // The batches of the runners may have held both.
      for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log, options: Self.steps(of: 1)) {
        _ = try result.get()
      }
      let before = try await ParkedEvents(pool: pool).counts()
      #expect(before == ["files": 1, "duplicates": 1, "savings": 1, "similarity": 1])
      for size in [2, 7] {
        for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log, options: Self.steps(of: size)) {
          let report = try result.get()
          #expect(report.comparison == .equal, "\(report.projection), steps of \(size)")
        }
        #expect(try await ParkedEvents(pool: pool).counts() == before)
      }
    }
  }

  private static func removal(of file: UUID, content: Int) -> FileRemoved {
    FileRemoved(fileId: file, digest: GeneratedHistory.digest(content), size: GeneratedHistory.size(content))
  }

  private static func steps(of size: Int) -> Rebuild.Options {
    var options = Rebuild.Options(parksMore: true)
    (options.batchSize, options.rest) = (size, 0)
    return options
  }

  @Test func eventsOfUnknownTypesAreNoticed() async throws {
    try await withEventLog { log, pool in
      let uploads = Uploads(log: log)
      try await uploads.upload("a", content: 1)
      let unknown = NewEvent(type: "file.pinned", schemaVersion: 3, payload: Array("{}".utf8))
      let position = try await log.append(
        to: StreamName(category: "file", id: .v7()), expected: .noStream, [unknown]
      ).last
      try await uploads.upload("b", content: 2)
      try await runAll(log, pool)

      let event = try #require(try await ParkedEvents(pool: pool).list().items.first)
      #expect(event.projection == "unrecognised")
      #expect(event.position == position)
      #expect(event.eventId == unknown.id)
      #expect(event.type == "file.pinned")
      #expect(event.schemaVersion == 3)
      #expect(try await ParkedEvents(pool: pool).counts() == ["unrecognised": 1])
      #expect(try await FileViews(pool: pool).list(owner: uploads.owner).items.map(\.path) == ["a", "b"])
    }
  }

  @Test func aProgramThatCanReadAlmostNothingStopsAfterAll() async throws {
    try await withEventLog { log, pool in
      for _ in 0..<3 {
        let events = (0..<400).map { _ in
          NewEvent(type: "account.quotaSet", schemaVersion: 1, payload: Array("{}".utf8))
        }
        _ = try await log.append(to: StreamName(category: "account", id: .v7()), expected: .noStream, events)
      }
      let quota = runner(QuotaProjection(), pool, log)
      try await running([{ try await quota.run() }]) {
        try await eventually(within: .seconds(60)) {
          try await CheckpointViews(pool: pool).checkpoint("quota")?.error != nil
        }
      }
      let checkpoint = try #require(try await CheckpointViews(pool: pool).checkpoint("quota"))
      #expect(checkpoint.position == Position(Int64(PoisonPolicy.limit)))
      #expect(checkpoint.error?.contains("parked already") == true)
      #expect(try await ParkedEvents(pool: pool).counts()["quota"] == PoisonPolicy.limit)
    }
  }

  @Test func aStoppedProjectionThatIsRetriedGoesOnInPlace() async throws {
    try await withEventLog { log, pool in
      for path in ["a", "b", "c"] { try await Uploads(log: log).upload(path, content: 1) }
      _ = try await pool.execute(Checkpoint.stop("files", at: .start, error: "poison"))
      #expect(try await ParkedEvents(pool: pool).retry("files", by: nil) == .resumed)
      #expect(try await CheckpointViews(pool: pool).checkpoint("files")?.error == nil)
    }
  }

  /// The mistake is in the program: the event is parked by one that has it, and folded by one that has not.
  @Test func retryingParkedEventsGivesTheRowsOfTheLog() async throws {
    try await withEventLog { log, pool in
      for append in GeneratedHistory(seed: 33, steps: 100).appends { _ = try await log.append(append) }
      let position = try await Uploads(log: log).upload("a", content: 1)
      let broken = runner(MistakenFiles(failsAt: position), pool, log)
      try await running([{ try await broken.run() }]) {
        try await ProjectionPositions(pool: pool).wait(for: ["files"], toReach: try await log.head())
      }
      #expect(try await ParkedEvents(pool: pool).counts() == ["files": 1])

      #expect(try await ParkedEvents(pool: pool).retry("files", by: nil) == .rebuilding)
      let service = RebuildService(pool: pool, log: log, options: .fast, logger: Logger(label: "test"))
      try await running([{ try await service.run() }]) {
        try await eventually { try await RebuildBoard(pool: pool).all().first?.state == .done }
      }
      let status = try #require(try await RebuildBoard(pool: pool).all().first)
      #expect(status.differing == 1)
      #expect(try await ParkedEvents(pool: pool).counts() == [:])
      let model = try ProjectionModel(try await log.read(after: .start, limit: .max)).rows
      #expect(difference(of: try await ReadTables.rows(of: FilesProjection(), pool), and: model) == [])
    }
  }

  @Test func listsGoOnAtTheirCursor() async throws {
    try await withEventLog { log, pool in
      let bad = (0..<7).map { _ in NewEvent(type: "file.trashed", schemaVersion: 1, payload: Array("{}".utf8)) }
      _ = try await log.append(to: StreamName(category: "file", id: .v7()), expected: .noStream, bad)
      try await runAll(log, pool)
      let parked = ParkedEvents(pool: pool)
      var seen: [ParkedEvent] = []
      var after: String?
      repeat {
        let page = try await parked.list(limit: 3, after: after)
        seen += page.items
        after = page.next
      } while after != nil
      // Files, duplicates and similarity all want it.
      #expect(seen.count == 21)
      #expect(seen.map(\.position) == seen.map(\.position).sorted())
      #expect(try await parked.list(of: "files", limit: 500).items.map(\.eventId) == bad.map(\.id))
      await #expect(throws: InvalidCursor.self) { try await parked.list(after: "nonsense") }
    }
  }

  /// Appends the history with events of five kinds between that cannot be folded.
  ///
  /// - Returns: the names of the projections that want each of them.
  private func appendPoisoned(
    _ history: GeneratedHistory, to log: PostgresEventLog, seed: UInt64
  ) async throws -> [UUID: Set<String>] {
    var random = SeededGenerator(seed: seed)
    var poisoned: [UUID: Set<String>] = [:]
    for append in history.appends {
      _ = try await log.append(append)
      guard Int.random(in: 0..<6, using: &random) == 0 else { continue }
      let (event, wanting) = poison(Int.random(in: 0..<5, using: &random), owner: history.owners[0])
      let category = String(event.type.prefix { $0 != "." })
      _ = try await log.append(to: StreamName(category: category, id: .v7()), expected: .noStream, [event])
      if let wanting { poisoned[event.id] = wanting }
    }
    return poisoned
  }

  /// An event, and who parks it; nil for one of an unknown type, which is no poison.
  private func poison(_ kind: Int, owner: UUID) -> (NewEvent, Set<String>?) {
    switch kind {
    case 0:
      let broken = Array(#"{"fileId":"no identifier"}"#.utf8)
      return (
        NewEvent(type: "file.uploaded", schemaVersion: 1, payload: broken, owner: owner),
        ["files", "duplicates", "similarity", "savings", "jobs"]
      )
    case 1:
      let future = Array(#"{"jobId":"\#(UUID().text)"}"#.utf8)
      return (
        NewEvent(type: "job.succeeded", schemaVersion: 2, payload: future, owner: owner), ["files", "savings", "jobs"]
      )
    case 2:
      // The database refuses it, except within the batch that registers the account.
      let again = Array(
        #"{"accountId":"\#(owner.text)","email":"twice@example.org","quotaBytes":1,"role":"user"}"#.utf8)
      return (NewEvent(type: "account.registered", schemaVersion: 1, payload: again, owner: owner), ["quota"])
    case 3:
      let alone = GeneratedHistory.digest(1)
      let itself = Array(
        #"{"algorithm":"txt1","digest":"\#(alone)","matches":[{"digest":"\#(alone)","score":0.5}]}"#.utf8)
      return (
        NewEvent(type: "duplicates.nearMatched", schemaVersion: 1, payload: itself, owner: owner), ["similarity"]
      )
    default:
      return (NewEvent(type: "account.dreamt", schemaVersion: 1, payload: Array("{}".utf8), owner: owner), nil)
    }
  }

  private func runAll(_ log: PostgresEventLog, _ pool: PostgresPool) async throws {
    let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
    try await running(runners.map { runner in { try await runner.run() } }) {
      try await ProjectionPositions(pool: pool)
        .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
    }
  }
}

/// The files projection of a program that cannot take one event.
private struct MistakenFiles: Projection {
  static let name = FilesProjection.name
  static let version = FilesProjection.version
  static let eventTypes = FilesProjection.eventTypes

  struct Mistake: Error {}

  let failsAt: Position

  func apply(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    guard !batch.contains(where: { $0.position == failsAt }) else { throw Mistake() }
    try await FilesProjection().apply(batch, on: connection)
  }
}

extension RebuildService.Options {
  /// Waits that a test can wait for.
  static var fast: Self {
    var options = Self()
    options.poll = .milliseconds(5)
    options.sweep = .milliseconds(20)
    return options
  }
}
