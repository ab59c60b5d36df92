// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import EventStore

/// What a search finds is what looking at every event would find, in the order asked for, however it is cut into parts.
struct EventSearchTests {
  private static let people = (0..<3).map { _ in UUID.v7() }
  private static let requests = (0..<5).map { _ in UUID.v7() }

  @Test(arguments: [UInt64(1), 2, .random(in: 0...UInt64.max)])
  func equalsALookAtEveryEvent(seed: UInt64) async throws {
    try await withEventLog { log, pool in
      var random = SeededGenerator(seed: seed)
      try await fill(log, 400, &random)
      let all = try await log.read(after: .start, limit: 1000)
      for round in 0..<150 {
        let query = query(&random, of: all)
        let order: EventOrder = Bool.random(using: &random) ? .newestFirst : .oldestFirst
        // Limits so small that they cut everything.
        let limits = EventSearch.Limits(
          budget: .random(in: 1...40, using: &random), readings: .random(in: 5...30, using: &random),
          readAhead: .random(in: 1...5, using: &random))
        let search = EventSearch(pool: pool, log: log, limits: limits)
        let limit = Int.random(in: 1...20, using: &random)
        var found: [RecordedEvent] = []
        var cursor: Position?
        var calls = 0
        while true {
          let page = try await search.page(query, order, after: cursor, limit: limit)
          #expect(page.events.count <= limit)
          if let cursor, !page.isLast {
            #expect(
              order == .newestFirst ? page.through < cursor : page.through > cursor, "seed \(seed), round \(round)")
          }
          found += page.events
          cursor = page.through
          calls += 1
          try #require(calls <= 500, "seed \(seed), round \(round)")
          if page.isLast { break }
        }
        let expected = all.filter { matches($0, query) }
        #expect(
          found.map(\.position) == (order == .newestFirst ? expected.reversed() : expected).map(\.position),
          "seed \(seed), round \(round): \(query) \(order)")
      }
    }
  }

  @Test func aTextIsFoundInThePayloadAsReadersSeeIt() async throws {
    try await withMigratedDatabase { configuration in
      let pool = PostgresPool(configuration: configuration, size: 4, logger: .init(label: "test"))
      // The log holds version 1; every reader sees version 2.
      let upcasters = Upcasters([
        Upcaster(type: "test.happened", from: 1, object: { $0["place"] = .string("Zürich") })
      ])
      let log = PostgresEventLog(pool: pool, redis: nil, upcasters: upcasters)
      _ = try await log.append(to: StreamName(category: "test", id: "1"), expected: .any, [testEvent(), testEvent()])
      let search = EventSearch(pool: pool, log: log)
      for (text, count) in [("zÜRICH", 2), ("Zug", 0)] {
        var query = EventQuery()
        query.text = text
        #expect(try await search.page(query, .newestFirst, limit: 10).events.count == count)
      }
      await pool.close()
    }
  }

  @Test func aSearchThatFindsNothingSaysHowFarItLooked() async throws {
    try await withEventLog { log, pool in
      var random = SeededGenerator(seed: 5)
      try await fill(log, 100, &random)
      var query = EventQuery()
      query.text = "no such text"
      let search = EventSearch(
        pool: pool, log: log, limits: EventSearch.Limits(budget: 50, readings: 20, readAhead: 10))
      let page = try await search.page(query, .newestFirst, limit: 5)
      #expect(page.events.isEmpty)
      #expect(!page.isLast)
      #expect(page.through == Position(81))
    }
  }

  @Test(arguments: [Int64.min, -1, 0, 1, 3, 4, .max])
  func anyNumberIsACursor(number: Int64) async throws {
    try await withEventLog { log, pool in
      _ = try await log.append(
        to: StreamName(category: "test", id: "1"), expected: .any, (0..<3).map { _ in testEvent() })
      let search = EventSearch(pool: pool, log: log)
      let newer = try await search.page(EventQuery(), .oldestFirst, after: Position(number), limit: 10)
      #expect(newer.events.map(\.position.rawValue) == (1...3).filter { $0 > number })
      let older = try await search.page(EventQuery(), .newestFirst, after: Position(number), limit: 10)
      #expect(older.events.map(\.position.rawValue) == (1...3).filter { $0 < number }.reversed())
    }
  }

  @Test func aTypeThatAppearsLaterIsMissedByNoFollower() async throws {
    try await withEventLog { log, pool in
      let search = EventSearch(pool: pool, log: log)
      var query = EventQuery()
      query.category = "test"
      let before = try await search.page(query, .oldestFirst, limit: 10)
      #expect(before.events.isEmpty)
      _ = try await log.append(to: StreamName(category: "test", id: "1"), expected: .any, [testEvent()])
      #expect(try await search.page(query, .oldestFirst, after: before.through, limit: 10).events.count == 1)
    }
  }

  @Test func followingAHeadThatMovesMissesNothing() async throws {
    try await withEventLog { log, pool in
      let search = EventSearch(pool: pool, log: log)
      var through = Position.start
      var found: [Position] = []
      for round in 1...20 {
        _ = try await log.append(
          to: StreamName(category: "test", id: "1"), expected: .any, (0..<round).map { _ in testEvent() })
        let page = try await search.page(EventQuery(), .oldestFirst, after: through, limit: 100)
        #expect(page.isLast)
        found += page.events.map(\.position)
        through = page.through
      }
      #expect(found == (1...210).map { Position($0) })
    }
  }

  @Test func timesLeadToTheLastPositionThatShowsThem() async throws {
    try await withEventLog { log, pool in
      let clock = LogClock(pool: pool)
      #expect(try await clock.position(at: Date()) == .start)
      for _ in 0..<60 {
        _ = try await log.append(to: StreamName(category: "test", id: "1"), expected: .any, [testEvent()])
      }
      let all = try await log.read(after: .start, limit: 100)
      func shown(_ date: Date) -> Double { (date.timeIntervalSince1970 * 1000).rounded() }
      let times = all.map(\.recordedAt)
      let first = try #require(times.first)
      let last = try #require(times.last)
      for time in times + [first.addingTimeInterval(-0.002), last.addingTimeInterval(1)] {
        let asShown = Date(timeIntervalSince1970: shown(time) / 1000)
        let expected = all.last { shown($0.recordedAt) <= shown(time) }?.position ?? .start
        #expect(try await clock.position(at: asShown) == expected)
      }
    }
  }

  @Test func versionsOfAStreamLeadToPositionsOfTheLog() async throws {
    try await withEventLog { log, pool in
      var random = SeededGenerator(seed: 9)
      try await fill(log, 120, &random)
      let all = try await log.read(after: .start, limit: 200)
      for name in ["file-0", "account-1", "job-7"] {
        for position in [0, 1, 2, 57, 119, 120, 500].map({ Int64($0) }) {
          let found = try await pool.query("SELECT log.version_at(\(name), \(position))").first?.decode(
            0, as: Int64.self)
          let expected = all.last { $0.stream.description == name && $0.position.rawValue <= position }?.version ?? 0
          #expect(found == expected)
        }
      }
    }
  }

  private func matches(_ event: RecordedEvent, _ query: EventQuery) -> Bool {
    (query.actor == nil || event.actor == query.actor) && (query.owner == nil || event.owner == query.owner)
      && (query.types?.contains(event.type) ?? true)
      && (query.category == nil || event.stream.category == query.category)
      && (query.stream == nil || event.stream == query.stream)
      && (query.correlationId == nil || event.correlationId == query.correlationId)
      && (query.from...max(query.from, query.to)).contains(event.position) && event.position <= query.to
      && (query.text.map { String(decoding: event.payload, as: UTF8.self).lowercased().contains($0.lowercased()) }
        ?? true)
  }

  private func query(_ random: inout SeededGenerator, of all: [RecordedEvent]) -> EventQuery {
    func sometimes<Value>(_ value: Value?, _ random: inout SeededGenerator) -> Value? {
      Int.random(in: 0..<4, using: &random) == 0 ? value : nil
    }
    var query = EventQuery()
    query.actor = sometimes(Self.people.randomElement(using: &random), &random)
    query.owner = sometimes(Self.people.randomElement(using: &random), &random)
    query.types = sometimes(
      [
        ["file.uploaded", "job.failed"], ["file.uploaded"], ["file.never"],
        ["job.failed", "account.made", "file.trashed"],
      ]
      .randomElement(using: &random), &random)
    query.category = sometimes(["file", "account", "nothing"].randomElement(using: &random), &random)
    query.stream = sometimes(StreamName(category: "file", id: "\(Int.random(in: 0..<4, using: &random))"), &random)
    query.correlationId = sometimes(Self.requests.randomElement(using: &random), &random)
    query.text = sometimes(["Bern", "PARIS", "\"n\":7", "nowhere"].randomElement(using: &random), &random)
    if let from = sometimes(all.randomElement(using: &random)?.position, &random) { query.from = from }
    if let to = sometimes(all.randomElement(using: &random)?.position, &random) { query.to = to }
    return query
  }

  private func fill(_ log: PostgresEventLog, _ count: Int, _ random: inout SeededGenerator) async throws {
    let types = ["file.uploaded", "file.uploaded", "file.trashed", "account.made", "job.failed"]
    var appends: [StreamAppend] = []
    for number in 0..<count {
      let type = types.randomElement(using: &random) ?? ""
      let place = ["Bern", "paris", "Rome"].randomElement(using: &random) ?? ""
      let owner = (Self.people + [nil]).randomElement(using: &random) ?? nil
      let event = NewEvent(
        type: type, schemaVersion: 1, payload: Array("{\"n\":\(number % 10),\"place\":\"\(place)\"}".utf8),
        owner: owner,
        actor: Bool.random(using: &random) ? owner : (Self.people + [nil]).randomElement(using: &random) ?? nil,
        correlationId: (Self.requests + [nil]).randomElement(using: &random) ?? nil)
      appends.append(
        StreamAppend(
          stream: StreamName(
            category: String(type.prefix { $0 != "." }), id: "\(Int.random(in: 0..<4, using: &random))"),
          expected: .any, events: [event]))
    }
    _ = try await log.append(appends)
  }
}
