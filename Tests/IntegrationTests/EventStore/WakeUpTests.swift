// SPDX-License-Identifier: Apache-2.0

import EventStore
import Logging
import Postgres
import Redis
import TestSupport
import Testing

/// Wake-ups between processes: two logs on one database, which know of each other through Redis alone.
struct WakeUpTests {
  private let stream = StreamName(category: "test", id: "a")

  @Test func readersOfAnotherProcessWakeAtOnce() async throws {
    try await withTwoLogs { writer, reader in
      // The first message may come before the reader listens; from the second on it does.
      try await eventually { await hears(reader, of: writer) < .milliseconds(500) }
    }
  }

  @Test func anEmptiedRedisCarriesTheNextWakeUp() async throws {
    try await withTwoLogs { writer, reader, redis in
      try await eventually { await hears(reader, of: writer) < .milliseconds(500) }
      _ = try await redis.command(["FLUSHALL"])
      try await eventually { await hears(reader, of: writer) < .milliseconds(500) }
    }
  }

  @Test func withoutRedisReadersLookByThemselves() async throws {
    try await withMigratedDatabase { configuration in
      let pool = PostgresPool(configuration: configuration, size: 4, logger: Logger(label: "test"))
      let writer = PostgresEventLog(pool: pool, redis: nil)
      let reader = PostgresEventLog(pool: pool, redis: nil)
      async let batch = reader.subscribe(after: .start).first { _ in true }
      _ = try await writer.append(to: stream, expected: .any, [testEvent()])
      #expect(try await batch?.count == 1)
      await pool.close()
    }
  }

  /// How long a reader that waits takes to hear of an append.
  private func hears(_ reader: PostgresEventLog, of writer: PostgresEventLog) async -> Duration {
    guard let head = try? await reader.head() else { return .seconds(60) }
    async let waited = ContinuousClock().measure { await reader.wait(past: head, timeout: .seconds(2)) }
    _ = try? await writer.append(to: stream, expected: .any, [testEvent()])
    return await waited
  }

  private func withTwoLogs(
    _ body: (PostgresEventLog, PostgresEventLog) async throws -> Void
  ) async throws {
    try await withTwoLogs { writer, reader, _ in try await body(writer, reader) }
  }

  private func withTwoLogs(
    _ body: (PostgresEventLog, PostgresEventLog, RedisClient) async throws -> Void
  ) async throws {
    try await withRedis { redisConfiguration in
      try await withMigratedDatabase { configuration in
        let pool = PostgresPool(configuration: configuration, size: 4, logger: Logger(label: "test"))
        let redis = RedisClient(configuration: redisConfiguration)
        let logs = (0..<2).map { _ in PostgresEventLog(pool: pool, redis: redis) }
        let running = logs.map { log in Task { try await log.run() } }
        try await body(logs[0], logs[1], redis)
        for task in running { task.cancel() }
        for task in running { try await task.value }
        await redis.close()
        await pool.close()
      }
    }
  }
}
