// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import LocalServices
import Logging
import Postgres
import Redis
import TestSupport
import Testing

@testable import EventStore

struct RelayTests {
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
      #expect(try await house.published() == Array(1...900) + Array(911...1510))
    }
  }

  @Test func whoBelievesTheMarkerElsewhereBringsNothing() async throws {
    try await withHouse { house in
      try await house.append(20, type: "test.work")
      try await running(house.relay()) { try await house.untilPublished(Position(20)) }
      let script = RelayScript(target: TestTarget.script)
      func send(_ expected: Position?, _ next: Position) async throws -> RelayScript.Answer {
        try await script.run(
          on: house.redis, marker: Relay.marker, expected: expected, next: next, words: ["21"])
      }
      // A leader that was asleep, one that never heard, and one that begins anew.
      #expect(try await send(Position(10), Position(21)) == .moved(Position(20)))
      #expect(try await send(Position(21), Position(22)) == .moved(Position(20)))
      #expect(try await send(nil, Position(5)) == .moved(Position(20)))
      #expect(try await house.published() == Array(1...20))
      #expect(try await send(Position(20), Position(21)) == .published)
      #expect(try await house.published() == Array(1...21))
      _ = try await house.redis.command(["DEL", .string(Relay.marker)])
      #expect(try await send(Position(21), Position(22)) == .flushed)
    }
  }

  // MARK: - Redis

  @Test func anEmptiedRedisIsFilledAgainFromTheOldestOpenWork() async throws {
    try await withHouse { house in
      try await running(house.relay(resumingAfter: Position(100))) {
        async let writing: Void = house.append(3000, type: "test.work", inAppendsOf: 10)
        try await eventually { try await house.marker() ?? .start > Position(500) }
        _ = try await house.redis.command(["FLUSHALL"])
        try await writing
        try await house.untilPublished(Position(3000))
        // Once more while nothing happens.
        _ = try await house.redis.command(["FLUSHALL"])
        try await house.untilPublished(Position(3000))
      }
      let published = try await house.published()
      #expect(published == Array(101...3000), "nothing from the oldest open work on is missing")
    }
  }

  @Test func aRestartedRedisIsWaitedFor() async throws {
    try await withHouse { house in
      try await house.append(100, type: "test.work")
      try await running(house.relay()) {
        try await house.untilPublished(Position(100))
        house.redisProcess.signal(SIGKILL)
        _ = await house.redisProcess.waitForExit()
        try await house.append(100, type: "test.work")
        let again = try await house.redisServer.start()
        try await house.untilPublished(Position(200))
        #expect(try await house.published() == Array(1...200))
        await house.redisServer.stop(again)
      }
    }
  }

  /// Of what it kept nothing is relied upon: the end of its file may have been torn off.
  @Test func aRedisThatWasStartedSinceIsFilledAgain() async throws {
    try await withHouse { house in
      try await house.append(100, type: "test.work")
      try await running(house.relay()) {
        try await house.untilPublished(Position(100))
        _ = try await house.redis.command(["RPUSH", "test:work", "of a torn transaction"])
        // As a restart would have it.
        _ = try await house.redis.command(["SET", "relay:start", "another"])
        try await eventually { try await house.published() == Array(1...100) }
        try await house.append(1, type: "test.work")
        try await house.untilPublished(Position(101))
      }
      #expect(try await house.published() == Array(1...101))
    }
  }

  @Test func aRedisThatIsAheadOfTheLogIsFilledAgain() async throws {
    try await withHouse { house in
      try await house.append(10, type: "test.work")
      _ = try await house.redis.command(["SET", .string(Relay.marker), "5000"])
      _ = try await house.redis.command(["RPUSH", "test:work", "5000"])
      try await running(house.relay()) {
        try await house.untilPublished(Position(10))
      }
      #expect(try await house.published() == Array(1...10))
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
      #expect(try await house.published() == Array(1...100))
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
      #expect(try await house.published() == Array(1...80))
    }
  }

  // MARK: - The house

  /// Brings the positions of events that are work.
  private struct TestTarget: RelayTarget {
    let after: Position

    static let script = """
      local function begin() redis.call('DEL', 'test:work') end
      local function apply(i)
        for j = i, #ARGV do redis.call('RPUSH', 'test:work', ARGV[j]) end
      end
      """

    func words(following events: [RecordedEvent]) -> [RedisArgument] {
      events.filter { $0.type == "test.work" }.map { .string($0.position.description) }
    }

    func beginning() async throws -> (after: Position, words: [RedisArgument]) { (after, []) }
  }

  /// A log, a Redis of its own, and what relays need.
  private struct House {
    let log: PostgresEventLog
    let pool: PostgresPool
    let redis: RedisClient
    let redisServer: LocalRedis
    let redisProcess: ChildProcess

    func relay(resumingAfter position: Position = .start) -> Relay {
      Relay(log: log, pool: pool, redis: redis, target: TestTarget(after: position), logger: Logger(label: "test"))
    }

    func append(_ count: Int, type: String, inAppendsOf size: Int = 300) async throws {
      let stream = StreamName(category: "test", id: type)
      for start in stride(from: 0, to: count, by: size) {
        let events = (start..<min(count, start + size)).map { _ in testEvent(type: type) }
        _ = try await log.append(to: stream, expected: .any, events)
      }
    }

    /// Positions, in the order in which they came.
    func published() async throws -> [Int] {
      try await redis.command(["LRANGE", "test:work", "0", "-1"]).array?.compactMap(\.int) ?? []
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
