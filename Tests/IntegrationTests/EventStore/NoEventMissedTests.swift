// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

/// The log's first promise: whoever follows positions misses nothing and sees everything in order, whatever writers do.
///
/// 48 writers over connections of their own append as the log's description tells (lock the head, insert, advance it), with random pauses
/// before the lock and before the commit, and random rollbacks; 16 more append through two logs, as two processes would. Three readers follow
/// live, one of them in plain SQL.
@Suite(.serialized)
struct NoEventMissedTests {
  private static let target = 100_000
  private static let seed: UInt64 = .random(in: 0...UInt64(UInt32.max))

  @Test(.timeLimit(.minutes(5)))
  func sixtyFourWritersThreeReaders() async throws {
    try await withMigratedDatabase { configuration in
      let start = ContinuousClock.now
      let pools = (0..<2).map {
        PostgresPool(configuration: configuration, size: 4, name: "\($0)", logger: Logger(label: "test"))
      }
      let logs = pools.map { PostgresEventLog(pool: $0, redis: nil, logger: Logger(label: "test")) }
      let count = Count(target: Self.target)

      let (rolledBack, readers) = try await withThrowingTaskGroup(of: Int.self) { writers in
        for writer in 0..<48 {
          writers.addTask {
            try await Self.writeRaw(writer, configuration, count, SplitMix64(seed: Self.seed &+ UInt64(writer)))
          }
        }
        for writer in 48..<64 {
          writers.addTask {
            try await Self.append(writer, logs[writer % 2], count, SplitMix64(seed: Self.seed &+ UInt64(writer)))
          }
        }
        async let first = Self.follow(logs[0], until: count)
        async let second = Self.follow(logs[1], until: count)
        async let third = Self.followSQL(configuration, until: count)
        let rolledBack = try await writers.reduce(0, +)
        count.writersAreDone()
        return (rolledBack, try await [first, second, third])
      }

      let total = Int(try await logs[0].head().rawValue)
      #expect(total == count.committed, "what committed is there, what rolled back left no hole")
      #expect(total >= Self.target)
      let truth = try await ids(in: pools[0])
      var skipped = 0
      var reordered = 0
      for reader in readers {
        skipped += total - Set(reader.positions).count
        reordered += zip(reader.positions, reader.positions.dropFirst()).count { $0 >= $1 }
        #expect(reader.ids == truth)
      }
      #expect(skipped == 0)
      #expect(reordered == 0)
      print(
        "no event missed: \(total) events, 64 writers, \(rolledBack) rollbacks, 3 readers:",
        "skipped \(skipped), reordered \(reordered); seed \(Self.seed), \(start.duration(to: .now))")
      for pool in pools { await pool.close() }
    }
  }

  // MARK: - Writers

  private static func writeRaw(
    _ writer: Int, _ configuration: PostgresConfiguration, _ count: Count, _ generator: SplitMix64
  ) async throws -> Int {
    struct RolledBack: Error {}
    let connection = try await PostgresConnection.connect(configuration, logger: Logger(label: "test"))
    var random = generator
    var version: Int64 = 0
    var rolledBack = 0
    while count.isOpen {
      let events = Int64.random(in: 1...200, using: &random)
      let pause = Duration.microseconds(.random(in: 0...5000, using: &random))
      let isKept = Int.random(in: 0..<8, using: &random) > 0
      try await Task.sleep(for: .microseconds(.random(in: 0...5000, using: &random)))
      do {
        try await connection.transaction { connection in
          let head = try await connection.query("SELECT position FROM log.head FOR UPDATE")[0].decode(0, as: Int64.self)
          try await connection.execute(
            """
            INSERT INTO log.event (position, version, recorded_at, id, schema_version, stream, type, payload)
            SELECT \(head) + n, \(version) + n, clock_timestamp(), gen_random_uuid(), 1, \("test-raw\(writer)"), 'test.raced', '{}'
            FROM generate_series(1, \(events)) AS n
            """)
          try await connection.execute("UPDATE log.head SET position = position + \(events)")
          try await Task.sleep(for: pause)
          if !isKept { throw RolledBack() }
        }
        version += events
        count.add(Int(events))
      } catch is RolledBack {
        rolledBack += 1
      }
    }
    await connection.close()
    return rolledBack
  }

  private static func append(
    _ writer: Int, _ log: PostgresEventLog, _ count: Count, _ generator: SplitMix64
  ) async throws -> Int {
    var random = generator
    let stream = StreamName(category: "test", id: "appender\(writer)")
    var version: Int64 = 0
    while count.isOpen {
      let events = (0..<Int.random(in: 1...20, using: &random)).map { _ in testEvent(type: "test.raced") }
      let expected: ExpectedVersion = Bool.random(using: &random) ? .exactly(version) : .any
      version = try await log.append(to: stream, expected: expected, events).versions[stream] ?? -1
      count.add(events.count)
    }
    return 0
  }

  // MARK: - Readers

  private struct Reading: Sendable {
    var positions: [Int64] = []
    var ids: [UUID] = []
  }

  private static func follow(_ log: PostgresEventLog, until count: Count) async throws -> Reading {
    var reading = Reading()
    for try await batch in log.subscribe(after: .start) {
      reading.positions += batch.map(\.position.rawValue)
      reading.ids += batch.map(\.id)
      if reading.positions.count >= count.expected { break }
    }
    return reading
  }

  /// As a foreign program would: everything after the last position seen, again and again.
  private static func followSQL(_ configuration: PostgresConfiguration, until count: Count) async throws -> Reading {
    let connection = try await PostgresConnection.connect(configuration, logger: Logger(label: "test"))
    var reading = Reading()
    while reading.positions.count < count.expected {
      let rows = try await connection.query(
        """
        SELECT position, id FROM log.event
        WHERE position > \(reading.positions.last ?? 0) ORDER BY position LIMIT 1000
        """)
      for (position, id) in try rows.decode((Int64, UUID).self) {
        reading.positions.append(position)
        reading.ids.append(id)
      }
    }
    await connection.close()
    return reading
  }

  private func ids(in pool: PostgresPool) async throws -> [UUID] {
    try await pool.query("SELECT id FROM log.event ORDER BY position").map { try $0.decode(0) }
  }

  /// How many events were committed, and whether more are wanted.
  private final class Count: Sendable {
    private let target: Int
    private let events = Mutex(0)
    private let areWritersDone = Mutex(false)

    init(target: Int) { self.target = target }

    var committed: Int { events.withLock { $0 } }
    var isOpen: Bool { committed < target }
    /// What a reader must have seen before it may stop.
    var expected: Int { areWritersDone.withLock { $0 } ? committed : .max }

    func add(_ count: Int) { events.withLock { $0 += count } }
    func writersAreDone() { areWritersDone.withLock { $0 = true } }
  }
}
