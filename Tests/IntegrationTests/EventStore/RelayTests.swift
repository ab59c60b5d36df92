// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import LocalServices
import Logging
import Postgres
import Redis
import TestSupport
import Testing

struct RelayTests {
  private static let stream = Relay.jobStreams[2]

  // MARK: - Publishing

  @Test func publishesWhatFollowsFromEventsInTheOrderOfTheLog() async throws {
    try await withHouse { house in
      let relay = house.relay()
      try await house.append(900, type: "test.work")
      try await house.append(10, type: "test.idle")
      try await running(relay) {
        try await house.untilPublished(Position(910))
        try await house.append(600, type: "test.work")
        try await house.untilPublished(Position(1510))
      }
      let entries = try await house.entries()
      #expect(entries.map(\.id) == (Array(1...900) + Array(911...1510)).map { StreamID(milliseconds: $0) })
      let first = try #require(entries.first)
      let event = try await house.log.read(after: .start, limit: 1)[0]
      #expect(first.fields == ["job": event.id.text, "kind": "test"])
    }
  }

  @Test func everyStreamHasItsGroup() async throws {
    try await withHouse { house in
      try await house.append(1, type: "test.idle")
      try await running(house.relay()) { try await house.untilPublished(Position(1)) }
      for stream in Relay.jobStreams {
        #expect(try await house.redis.xinfoGroups(stream).map(\.name) == [Relay.workers])
      }
    }
  }

  @Test func publishingTwiceIsHarmless() async throws {
    try await withHouse { house in
      try await house.append(1200, type: "test.work")
      try await running(house.relay()) {
        try await house.untilPublished(Position(1200))
        let before = try await house.entries()
        // The relay no longer knows how far it came.
        _ = try await house.redis.command(["SET", .string(Relay.marker), "0"])
        try await house.untilPublished(Position(1200))
        #expect(try await house.entries() == before)
      }
    }
  }

  // MARK: - Redis

  @Test func anEmptiedRedisIsFilledAgainFromTheOldestOpenWork() async throws {
    try await withHouse { house in
      try await running(house.relay(resume: { Position(101) })) {
        async let writing: Void = house.append(3000, type: "test.work", inAppendsOf: 10)
        try await eventually { try await house.marker() ?? .start > Position(500) }
        _ = try await house.redis.command(["FLUSHALL"])
        try await writing
        try await house.untilPublished(Position(3000))
        // Once more while nothing happens.
        _ = try await house.redis.command(["FLUSHALL"])
        try await house.untilPublished(Position(3000))
      }
      let ids = try await house.entries().map(\.id.milliseconds)
      #expect(ids == Array(101...3000), "nothing from the oldest open work on is missing")
      for stream in Relay.jobStreams {
        #expect(try await house.redis.xinfoGroups(stream).map(\.name) == [Relay.workers])
      }
    }
  }

  @Test func aRestartedRedisIsWaitedFor() async throws {
    try await withHouse { house in
      try await house.append(100, type: "test.work")
      try await running(house.relay(resume: { Position(1) })) {
        try await house.untilPublished(Position(100))
        house.redisProcess.signal(SIGKILL)
        _ = await house.redisProcess.waitForExit()
        try await house.append(100, type: "test.work")
        let again = try await house.redisServer.start()
        try await house.untilPublished(Position(200))
        #expect(try await house.entries().map(\.id.milliseconds) == Array(1...200))
        await house.redisServer.stop(again)
      }
    }
  }

  @Test func aRedisThatIsAheadOfTheLogIsFilledAgain() async throws {
    try await withHouse { house in
      try await house.append(10, type: "test.work")
      _ = try await house.redis.command(["SET", .string(Relay.marker), "5000"])
      try await house.redis.xadd(Self.stream, id: StreamID(milliseconds: 5000), fields: ["job": "of another log"])
      try await running(house.relay(resume: { Position(1) })) {
        try await house.untilPublished(Position(10))
      }
      #expect(try await house.entries().map(\.id.milliseconds) == Array(1...10))
    }
  }

  // MARK: - Leading

  @Test func oneOfTwoLeadsAndTheOtherFollowsItsDeath() async throws {
    try await withHouse { house in
      let relays = [house.relay(), house.relay()]
      let tasks = relays.map { relay in Task { try await relay.run() } }
      try await eventually { relays.contains { $0.isLeading } }
      try await house.append(50, type: "test.work")
      try await house.untilPublished(Position(50))
      #expect(relays.count { $0.isLeading } == 1)

      let leader = try #require(relays.firstIndex { $0.isLeading })
      tasks[leader].cancel()
      try await tasks[leader].value
      try await house.append(50, type: "test.work")
      try await house.untilPublished(Position(100))
      #expect(relays[1 - leader].isLeading)

      tasks[1 - leader].cancel()
      try await tasks[1 - leader].value
      #expect(try await house.entries().map(\.id.milliseconds) == Array(1...100))
    }
  }

  @Test func aLeaderThatLosesItsSessionIsSucceeded() async throws {
    try await withHouse { house in
      let relays = [house.relay(), house.relay()]
      let tasks = relays.map { relay in Task { try await relay.run() } }
      for round in Int64(1)...3 {
        try await house.append(20, type: "test.work")
        try await house.untilPublished(Position(round * 20))
        // What a network or a killed backend does to it. The next leader may not have the lock yet.
        try await eventually { try await house.cutLeader() == 1 }
      }
      try await house.append(20, type: "test.work")
      try await house.untilPublished(Position(80))
      for task in tasks { task.cancel() }
      for task in tasks { try await task.value }
      #expect(try await house.entries().map(\.id.milliseconds) == Array(1...80))
    }
  }

  // MARK: - The house

  /// A log, a Redis of its own, and what relays need.
  private struct House {
    let log: PostgresEventLog
    let pool: PostgresPool
    let redis: RedisClient
    let redisServer: LocalRedis
    let redisProcess: ChildProcess

    func relay(resume: @escaping @Sendable () async throws -> Position = { Position(1) }) -> Relay {
      Relay(
        log: log, pool: pool, redis: redis,
        plan: { event in
          guard event.type == "test.work" else { return [] }
          return [StreamDispatch(stream: RelayTests.stream, fields: ["job": event.id.text, "kind": "test"])]
        }, resume: resume, logger: Logger(label: "test"))
    }

    func append(_ count: Int, type: String, inAppendsOf size: Int = 300) async throws {
      let stream = StreamName(category: "test", id: type)
      for start in stride(from: 0, to: count, by: size) {
        let events = (start..<min(count, start + size)).map { _ in testEvent(type: type) }
        _ = try await log.append(to: stream, expected: .any, events)
      }
    }

    func entries() async throws -> [StreamEntry] {
      try await redis.xrange(RelayTests.stream, count: 100_000)
    }

    func marker() async throws -> Position? {
      try await redis.command(["GET", .string(Relay.marker)]).int.map { Position(Int64($0)) }
    }

    /// Ends the session that holds the relays' lock, and returns how many there were.
    func cutLeader() async throws -> Int {
      var owner = pool.configuration
      owner.role = nil  // The application may not end sessions.
      let connection = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
      let cut = try await connection.query(
        """
        SELECT count(pg_terminate_backend(pid)) FROM pg_locks
        WHERE locktype = 'advisory' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """)
      await connection.close()
      return try cut[0].decode(0)
    }

    func untilPublished(_ position: Position) async throws {
      try await eventually { (try? await marker()) == position }
    }
  }

  private func withHouse(_ body: (House) async throws -> Void) async throws {
    try await withRedisServer { server, process in
      try await withEventLog { log, pool in
        let redis = RedisClient(configuration: try RedisConfiguration(url: server.url), logger: Logger(label: "test"))
        try await body(House(log: log, pool: pool, redis: redis, redisServer: server, redisProcess: process))
        await redis.close()
      }
    }
  }

  /// Runs a relay for as long as `body` takes.
  private func running(_ relay: Relay, _ body: () async throws -> Void) async throws {
    let task = Task { try await relay.run() }
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    task.cancel()
    try await task.value
    try result.get()
  }
}
