// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation
public import Testing

/// What every ``EventLog`` must do. Each check gets a log that is empty.
public struct EventLogConformance: Sendable, CustomTestStringConvertible {
  public let testDescription: String
  public let run: @Sendable (any EventLog) async throws -> Void

  private init(_ description: String, _ run: @escaping @Sendable (any EventLog) async throws -> Void) {
    testDescription = description
    self.run = run
  }

  public static let checks: [EventLogConformance] = appending + refusing + repeating + reading + following

  // MARK: - Appending

  private static let appending: [EventLogConformance] = [
    EventLogConformance("an empty log ends at the start") { log async throws in
      #expect(try await log.head() == .start)
      #expect(try await log.read(after: .start, limit: 10).isEmpty)
    },
    EventLogConformance("positions and versions are dense, from 1") { log async throws in
      let first = try await log.append(to: a, expected: .noStream, [event(), event()])
      let second = try await log.append(to: b, expected: .noStream, [event()])
      #expect(first.untimed == AppendResult(first: Position(1), last: Position(2), versions: [a: 2]))
      #expect(second.untimed == AppendResult(first: Position(3), last: Position(3), versions: [b: 1]))
      let all = try await log.read(after: .start, limit: 10)
      #expect(all.map(\.position) == [Position(1), Position(2), Position(3)])
      #expect(all.map(\.version) == [1, 2, 1])
      #expect(try await log.head() == Position(3))
    },
    EventLogConformance("what is read is what was appended") { log async throws in
      let new = NewEvent(
        id: .v7(), type: "test.happened", schemaVersion: 3,
        payload: Array(#"{"a":"ü/\"","b":[1,2.50,1e3],"a":null}"#.utf8),
        owner: .v7(), actor: .v7(), correlationId: .v7(), causationId: .v7())
      _ = try await log.append(to: a, expected: .any, [new, event(type: "test.bare")])
      let read = try await log.read(after: .start, limit: 10)
      try #require(read.count == 2)
      #expect(read[0].id == new.id)
      #expect(read[0].type == new.type)
      #expect(read[0].schemaVersion == 3)
      #expect(read[0].payload == new.payload, "byte for byte")
      #expect(read[0].owner == new.owner)
      #expect(read[0].actor == new.actor)
      #expect(read[0].correlationId == new.correlationId)
      #expect(read[0].causationId == new.causationId)
      #expect(read[0].stream == a)
      #expect(read[1].owner == nil && read[1].actor == nil)
      #expect(read[1].correlationId == nil && read[1].causationId == nil)
    },
    EventLogConformance("the events of one append have one time, and times never go back") { log async throws in
      for _ in 0..<5 { _ = try await log.append(to: a, expected: .any, [event(), event()]) }
      let times = try await log.read(after: .start, limit: 10).map(\.recordedAt)
      #expect(times == times.sorted())
      for index in stride(from: 0, to: 10, by: 2) { #expect(times[index] == times[index + 1]) }
      #expect(abs(times[0].timeIntervalSinceNow) < 60)
    },
    EventLogConformance("an append to several streams is whole") { log async throws in
      _ = try await log.append(to: a, expected: .noStream, [event()])
      let result = try await log.append([
        StreamAppend(stream: a, expected: .exactly(1), events: [event()]),
        StreamAppend(stream: b, expected: .noStream, events: [event(), event()]),
      ])
      #expect(result.untimed == AppendResult(first: Position(2), last: Position(4), versions: [a: 2, b: 2]))
      await #expect(throws: EventLogError.versionConflict(stream: b, expected: .noStream, current: 2)) {
        try await log.append([
          StreamAppend(stream: a, expected: .exactly(2), events: [event()]),
          StreamAppend(stream: b, expected: .noStream, events: [event()]),
        ])
      }
      #expect(try await log.head() == Position(4))
      #expect(try await log.read(stream: a, after: 0, limit: 10).count == 2)
    },
    EventLogConformance("an append may name one stream twice") { log async throws in
      let result = try await log.append([
        StreamAppend(stream: a, expected: .noStream, events: [event()]),
        StreamAppend(stream: a, expected: .exactly(1), events: [event()]),
      ])
      #expect(result.versions == [a: 2])
    },
  ]

  // MARK: - Expected versions

  private static let refusing: [EventLogConformance] = [
    EventLogConformance("each expectation is held against the stream's version") { log async throws in
      func outcome(_ expected: ExpectedVersion, _ stream: StreamName) async -> EventLogError? {
        guard
          case .failure(let error) = await Result(body: {
            try await log.append(to: stream, expected: expected, [event()])
          })
        else { return nil }
        return error as? EventLogError
      }
      #expect(await outcome(.streamExists, a) == .versionConflict(stream: a, expected: .streamExists, current: 0))
      #expect(await outcome(.exactly(1), a) == .versionConflict(stream: a, expected: .exactly(1), current: 0))
      #expect(await outcome(.exactly(0), a) == nil)
      #expect(await outcome(.noStream, a) == .versionConflict(stream: a, expected: .noStream, current: 1))
      #expect(await outcome(.exactly(1), a) == nil)
      #expect(await outcome(.streamExists, a) == nil)
      #expect(await outcome(.any, a) == nil)
      #expect(await outcome(.exactly(3), a) == .versionConflict(stream: a, expected: .exactly(3), current: 4))
      #expect(await outcome(.exactly(9), a) == .versionConflict(stream: a, expected: .exactly(9), current: 4))
      #expect(await outcome(.any, b) == nil)
      #expect(try await log.head() == Position(5), "a refused append leaves no hole")
    },
    EventLogConformance("a guard without events lets the append through only if it holds") { log async throws in
      _ = try await log.append(to: a, expected: .noStream, [event()])
      let held = try await log.append([
        StreamAppend(stream: a, expected: .exactly(1), events: []),
        StreamAppend(stream: b, expected: .noStream, events: [event()]),
      ])
      #expect(held.untimed == AppendResult(first: Position(2), last: Position(2), versions: [b: 1]))
      await #expect(throws: EventLogError.versionConflict(stream: a, expected: .noStream, current: 1)) {
        try await log.append([
          StreamAppend(stream: a, expected: .noStream, events: []),
          StreamAppend(stream: b, expected: .exactly(1), events: [event()]),
        ])
      }
      let alone = try await log.append([StreamAppend(stream: b, expected: .exactly(1), events: [])])
      #expect(alone.untimed == AppendResult(first: Position(2), last: Position(2), versions: [:]))
    },
    EventLogConformance("among appends at the same expected version one wins") { log async throws in
      for round in Int64(0)..<5 {
        let outcomes = await withTaskGroup { group in
          for _ in 0..<16 {
            group.addTask { await Result(body: { try await log.append(to: a, expected: .exactly(round), [event()]) }) }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { (try? $0.get()) != nil } == 1)
        for case .failure(let error) in outcomes {
          #expect(
            error as? EventLogError
              == .versionConflict(stream: a, expected: .exactly(round), current: round + 1))
        }
      }
      #expect(try await log.head() == Position(5))
    },
  ]

  // MARK: - Sending again

  private static let repeating: [EventLogConformance] = [
    EventLogConformance("the same append sent again is answered with the first result") { log async throws in
      let appends = [
        StreamAppend(stream: a, expected: .noStream, events: [event(), event()]),
        StreamAppend(stream: b, expected: .any, events: [event()]),
      ]
      let first = try await log.append(appends)
      _ = try await log.append(to: a, expected: .any, [event()])
      let again = try await log.append(appends)
      #expect(!first.isRepeat && again.isRepeat)
      #expect(again.first == first.first && again.last == first.last && again.versions == first.versions)
      #expect(try await log.head() == Position(4))
    },
    EventLogConformance("the same append sent many times at once goes in once") { log async throws in
      for _ in 0..<5 {
        let appends = [StreamAppend(stream: a, expected: .any, events: [event(), event()])]
        let results = try await withThrowingTaskGroup { group in
          for _ in 0..<8 { group.addTask { try await log.append(appends) } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { !$0.isRepeat } == 1)
        #expect(Set(results.map(\.first)).count == 1)
      }
      #expect(try await log.head() == Position(10))
    },
    EventLogConformance("an event id that is no repetition is refused") { log async throws in
      let used = event()
      _ = try await log.append(to: a, expected: .noStream, [used])
      await #expect(throws: EventLogError.eventIdReused(used.id)) {
        try await log.append(to: b, expected: .noStream, [used])
      }
      await #expect(throws: EventLogError.eventIdReused(used.id)) {
        try await log.append(to: a, expected: .exactly(1), [event(), used])
      }
      let twice = event()
      await #expect(throws: EventLogError.eventIdReused(twice.id)) {
        try await log.append(to: b, expected: .noStream, [twice, twice])
      }
      #expect(try await log.head() == Position(1))
    },
  ]

  // MARK: - Reading

  private static let reading: [EventLogConformance] = [
    EventLogConformance("reading stops at the limit and goes on after a position") { log async throws in
      _ = try await log.append(to: a, expected: .any, (0..<7).map { _ in event() })
      #expect(try await log.read(after: .start, limit: 3).map(\.position.rawValue) == [1, 2, 3])
      #expect(try await log.read(after: Position(3), limit: 3).map(\.position.rawValue) == [4, 5, 6])
      #expect(try await log.read(after: Position(6), limit: 3).map(\.position.rawValue) == [7])
      #expect(try await log.read(after: Position(7), limit: 3).isEmpty)
      #expect(try await log.read(after: Position(70), limit: 3).isEmpty)
    },
    EventLogConformance("a stream is read by version") { log async throws in
      _ = try await log.append(to: a, expected: .any, [event(), event()])
      _ = try await log.append(to: b, expected: .any, [event()])
      _ = try await log.append(to: a, expected: .any, [event()])
      #expect(try await log.read(stream: a, after: 0, limit: 10).map(\.position.rawValue) == [1, 2, 4])
      #expect(try await log.read(stream: a, after: 1, limit: 1).map(\.version) == [2])
      #expect(try await log.read(stream: StreamName(category: "test", id: "none"), after: 0, limit: 10).isEmpty)
    },
    EventLogConformance("several positions, and the ends of several streams, are read in one look") {
      log async throws in
      _ = try await log.append(to: a, expected: .any, [event(), event(type: "test.last")])
      _ = try await log.append(to: b, expected: .any, [event()])
      let wanted = [3, 1, 1, 99, 0, -1].map { Position($0) }
      #expect(try await log.events(at: wanted).map(\.position.rawValue) == [1, 3])
      #expect(try await log.events(at: []).isEmpty)
      let none = StreamName(category: "test", id: "none")
      let last = try await log.lastEvents(of: [b, none, a, a])
      #expect(last.mapValues(\.version) == [a: 2, b: 1])
      #expect(last[a]?.type == "test.last")
      #expect(try await log.lastEvents(of: []).isEmpty)
    },
    EventLogConformance("filters choose by type, category and owner") { log async throws in
      let owner = UUID.v7()
      let other = StreamName(category: "testother", id: "a")
      _ = try await log.append(to: a, expected: .any, [event(type: "test.one", owner: owner), event(type: "test.two")])
      _ = try await log.append(
        to: other, expected: .any, [event(type: "testother.one"), event(type: "testother.three", owner: owner)])
      func read(_ filter: EventFilter) async throws -> [Int64] {
        try await log.read(after: .start, limit: 10, filter: filter).map(\.position.rawValue)
      }
      #expect(try await read(.types(["test.one", "testother.one"])) == [1, 3])
      #expect(try await read(.types(["test.two", "testother.three"])) == [2, 4])
      #expect(try await read(.types([])) == [])
      #expect(try await read(.category("test")) == [1, 2])
      #expect(try await read(.owner(owner)) == [1, 4])
      #expect(try await read(.category("testother")) == [3, 4])
      #expect(try await read(.category("none")) == [])
      #expect(try await read(EventFilter(types: ["test.one", "testother.one"], category: "testother")) == [3])
      #expect(try await read(EventFilter(types: ["test.one"], category: "testother")) == [])
      #expect(try await read(EventFilter(types: ["testother.three"], owner: owner)) == [4])
      #expect(try await read(EventFilter(category: "test", owner: owner)) == [1])
      #expect(try await read(.owner(.v7())) == [])
    },
    EventLogConformance("a page tells how far it looked, whatever it found") { log async throws in
      _ = try await log.append(to: a, expected: .any, (0..<5).map { event(type: $0 == 1 ? "test.rare" : "test.often") })
      let rare = try await log.page(after: .start, limit: 5, filter: .types(["test.rare"]))
      #expect(rare.events.map(\.position) == [Position(2)])
      #expect(rare.through == Position(5) && rare.isLast)
      let full = try await log.page(after: .start, limit: 2, filter: .types(["test.often"]))
      #expect(full.events.map(\.position) == [Position(1), Position(3)])
      #expect(full.through >= Position(3) && full.through < Position(4) && !full.isLast)
      let rest = try await log.page(after: Position(5), limit: 2, filter: .all)
      #expect(rest == EventPage(events: [], through: Position(5), isLast: true))
    },
  ]

  // MARK: - Subscribing

  private static let following: [EventLogConformance] = [
    EventLogConformance("a subscription goes from history to live without a seam") { log async throws in
      _ = try await log.append(to: a, expected: .any, (0..<3).map { _ in event() })
      let writing = Task {
        for _ in 0..<40 { _ = try await log.append(to: a, expected: .any, [event(), event()]) }
      }
      var positions: [Int64] = []
      for try await batch in log.subscribe(after: Position(1)) {
        #expect(!batch.isEmpty)
        positions += batch.map(\.position.rawValue)
        if positions.count >= 82 { break }
      }
      try await writing.value
      #expect(positions == Array(2...83))
    },
    EventLogConformance("a filtered subscription gets only what it wants, and its pages pass the rest") {
      log async throws in
      let writing = Task {
        for index in 0..<20 {
          _ = try await log.append(to: a, expected: .any, [event(type: index % 5 == 4 ? "test.rare" : "test.often")])
        }
      }
      var found: [Int64] = []
      for try await page in log.subscribe(after: .start, filter: .types(["test.rare"])).pages {
        found += page.events.map(\.position.rawValue)
        if page.through == Position(20) { break }
      }
      try await writing.value
      #expect(found == [5, 10, 15, 20])
    },
    EventLogConformance("a cancelled subscription ends") { log async throws in
      _ = try await log.append(to: a, expected: .any, [event()])
      let (seen, seeing) = AsyncStream.makeStream(of: Void.self)
      let following = Task {
        var count = 0
        for try await batch in log.subscribe(after: .start) {
          count += batch.count
          seeing.yield()
        }
        return count
      }
      for await _ in seen { break }
      following.cancel()
      #expect(try await following.value == 1)
    },
  ]

  // MARK: - Material

  private static let a = StreamName(category: "test", id: "a")
  private static let b = StreamName(category: "test", id: "b")

  private static func event(type: String = "test.happened", owner: UUID? = nil) -> NewEvent {
    NewEvent(type: type, schemaVersion: 1, payload: Array(#"{"n":1}"#.utf8), owner: owner)
  }
}

extension Result where Failure == any Error {
  fileprivate init(body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

extension AppendResult {
  /// All but the time, which no test can know beforehand.
  public var untimed: AppendResult {
    var result = self
    result.recordedAt = nil
    return result
  }
}
