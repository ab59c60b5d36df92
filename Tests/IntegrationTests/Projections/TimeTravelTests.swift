// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Projections

/// What `?at=` answers is what the live views answered when the log had just that head.
struct TimeTravelTests {
  static let seeds: [UInt64] = [1, 2, .random(in: 0...UInt64.max)]

  @Test(arguments: seeds)
  func thePastIsWhatWasSeenThen(seed: UInt64) async throws {
    try await withPool { pool in
      let log = PostgresEventLog(pool: pool, redis: nil)
      let history = GeneratedHistory(seed: seed, steps: 110)
      var random = SeededGenerator(seed: seed)
      var seen: [(position: Position, owner: UUID, answers: Answers)] = []
      var folded = Position.start
      for append in history.appends {
        _ = try await log.append(append)
        // Every third head or so, folded in batches of any length.
        guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
        let head = try await log.head()
        try await fold(after: folded, through: head, log, pool)
        folded = head
        for owner in history.owners where try await QuotaViews(pool: pool).account(owner) != nil {
          seen.append((head, owner, try await Answers.live(pool, owner: owner)))
        }
      }
      try #require(seen.count > 20)
      let travel = TimeTravel(pool: pool, log: log)
      for (position, owner, answers) in seen {
        let found = try await Answers.collect(owner: owner) { projection, body in
          try await travel.visit(.position(position), of: owner, folding: projection, body)
        }
        #expect(found == answers, "position \(position), seed \(seed)")
      }
    }
  }

  @Test func aTimeMeansTheLastEventThatShowsIt() async throws {
    try await withAccount { pool, log, uploads in
      try await uploads.upload("a", content: 1)
      let first = try #require(try await log.read(after: .start, limit: 10).last)
      try await uploads.upload("b", content: 2)
      let travel = TimeTravel(pool: pool, log: log)
      let shown = try #require(Date(rfc3339: first.recordedAt.rfc3339))
      let paths = try await travel.visit(.time(shown), of: uploads.owner, folding: FilesProjection()) { source in
        try await FileViews(source).list(owner: uploads.owner).items.map(\.path)
      }
      // The second may have come in the same millisecond.
      #expect(paths == ["a"] || paths == ["a", "b"])
      #expect(paths.first == "a")
      let now = try await travel.visit(.time(Date()), of: uploads.owner, folding: FilesProjection()) { source in
        try await FileViews(source).list(owner: uploads.owner).items.map(\.path)
      }
      #expect(now == ["a", "b"])
    }
  }

  @Test func momentsWithoutAnAnswerSayWhy() async throws {
    try await withAccount { pool, log, uploads in
      try await uploads.upload("a", content: 1)
      let head = try await log.head()
      let travel = TimeTravel(pool: pool, log: log)
      func visit(_ moment: Moment, _ owner: UUID, _ travel: TimeTravel) async throws {
        try await travel.visit(moment, of: owner, folding: FilesProjection()) { _ in }
      }
      let later = Moment.position(Position(head.rawValue + 1))
      await #expect(throws: TimeTravelError.inTheFuture(head: head)) { try await visit(later, uploads.owner, travel) }
      await #expect(throws: TimeTravelError.inTheFuture(head: head)) {
        try await visit(.time(Date().addingTimeInterval(60)), uploads.owner, travel)
      }
      await #expect(throws: TimeTravelError.beforeTheAccount) {
        try await visit(.position(.start), uploads.owner, travel)
      }
      await #expect(throws: TimeTravelError.beforeTheAccount) {
        try await visit(.time(Date(timeIntervalSince1970: 0)), uploads.owner, travel)
      }
      await #expect(throws: TimeTravelError.beforeTheAccount) { try await visit(.position(head), .v7(), travel) }
    }
  }

  @Test func aLongPastIsRefusedAndLeavesNothingBehind() async throws {
    try await withAccount { pool, log, uploads in
      for number in 0..<5 { try await uploads.upload("\(number)", content: number) }
      let head = try await log.head()
      var limits = TimeTravel.Limits()
      limits.events = 4
      let short = TimeTravel(pool: pool, log: log, limits: limits)
      await #expect(throws: TimeTravelError.tooMuchHistory(limit: 4)) {
        try await short.visit(.position(head), of: uploads.owner, folding: FilesProjection()) { _ in }
      }
      limits.events = 5
      limits.statement = .milliseconds(50)
      let slow = TimeTravel(pool: pool, log: log, limits: limits)
      await #expect(throws: TimeTravelError.tooSlow(limit: .milliseconds(50))) {
        try await slow.visit(.position(head), of: uploads.owner, folding: FilesProjection()) { source in
          _ = try await source.query("SELECT pg_sleep(5)")
        }
      }
      // The connections are as they were: no limit, no tables.
      for _ in 0..<pool.size {
        let rows = try await pool.query(
          """
          SELECT current_setting('statement_timeout'), current_setting('search_path'),
            (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relkind = 'r')
          """)
        let (timeout, path, tables) = try #require(try rows.first?.decode((String, String, Int64).self))
        #expect(timeout == "30s")
        #expect(path.contains("public"))
        #expect(tables == 0)
      }
    }
  }

  @Test func thePastPassesByWhatCannotBeFolded() async throws {
    try await withAccount { pool, log, uploads in
      try await uploads.upload("a", content: 1)
      let poison = NewEvent(
        type: FileUploaded.eventType, schemaVersion: 1, payload: Array(#"{"fileId":"none"}"#.utf8), owner: uploads.owner
      )
      _ = try await log.append(to: StreamName(category: "file", id: "none"), expected: .any, [poison])
      try await uploads.upload("b", content: 2)
      let head = try await log.head()
      let travel = TimeTravel(pool: pool, log: log)
      let paths = try await travel.visit(.position(head), of: uploads.owner, folding: FilesProjection()) { source in
        try await FileViews(source).list(owner: uploads.owner).items.map(\.path)
      }
      #expect(paths == ["a", "b"])
    }
  }

  @Test func thePastHoldsNothingOfOthers() async throws {
    try await withAccount { pool, log, uploads in
      let others = Uploads(log: log)
      for number in 0..<50 { try await others.upload("\(number)", content: number % 8) }
      try await uploads.upload("mine", content: 1)
      let head = try await log.head()
      let travel = TimeTravel(pool: pool, log: log)
      let ids = try await travel.visit(.position(head), of: uploads.owner, folding: FilesProjection()) { source in
        // Whatever owner is asked for, only this one's rows are there.
        try await source.query("SELECT DISTINCT owner FROM pg_temp.file").map { try $0.decode(0, as: UUID.self) }
      }
      #expect(ids == [uploads.owner])
    }
  }

  private func fold(after: Position, through: Position, _ log: any EventLog, _ pool: PostgresPool) async throws {
    let events = try await log.read(after: after, limit: 10_000).filter { $0.position <= through }
    for projection in ProjectionCatalog.all {
      try await pool.transaction { connection in
        _ = try await connection.query(FoldTransaction.prepare(schema: projection.name))
        try await projection.fold(events.filter(projection.wants), on: connection)
        _ = try await connection.query(Checkpoint.move(projection.name, to: through))
      }
    }
  }

  private func withAccount(_ body: (PostgresPool, PostgresEventLog, Uploads) async throws -> Void) async throws {
    try await withPool { pool in
      let log = PostgresEventLog(pool: pool, redis: nil)
      let uploads = Uploads(log: log)
      try await uploads.append(
        "account", uploads.owner.text,
        AccountRegistered(accountId: uploads.owner, email: "a@example.org", role: .user, quotaBytes: 1000))
      try await body(pool, log, uploads)
    }
  }
}

/// Everything that a user can ask the views.
private struct Answers: Equatable {
  var files: [FileItem] = []
  var trashed: [FileItem] = []
  var some: [FileItem?] = []
  var groups: [DuplicateGroup] = []
  var group: [DuplicateGroup?] = []
  var totals: DuplicateTotals?
  var savings: Savings?
  var account: AccountItem?

  typealias Visit = (any Projection, (ReadSource) async throws -> Void) async throws -> Void

  static func live(_ pool: PostgresPool, owner: UUID) async throws -> Answers {
    try await collect(owner: owner) { _, body in try await body(.live(pool)) }
  }

  static func collect(owner: UUID, _ visit: Visit) async throws -> Answers {
    var answers = Answers()
    try await visit(FilesProjection()) { source in
      let views = FileViews(source)
      answers.files = try await views.list(owner: owner, limit: 500).items
      answers.trashed = try await views.list(owner: owner, state: .trashed, prefix: "folder/1", limit: 500).items
      let both = try await views.list(owner: owner, state: nil, limit: 500).items
      for file in both { answers.some.append(try await views.file(file.id, owner: owner)) }
    }
    try await visit(DuplicatesProjection()) { source in
      let views = DuplicateViews(source)
      let first = try await views.list(owner: owner, limit: 2)
      answers.groups = first.items
      if let next = first.next { answers.groups += try await views.list(owner: owner, limit: 500, after: next).items }
      for group in answers.groups { answers.group.append(try await views.group(group.id, owner: owner)) }
      answers.totals = try await views.totals(owner: owner)
    }
    try await visit(SavingsProjection()) { answers.savings = try await SavingsViews($0).savings(owner: owner) }
    try await visit(QuotaProjection()) { answers.account = try await QuotaViews($0).account(owner) }
    return answers
  }
}
