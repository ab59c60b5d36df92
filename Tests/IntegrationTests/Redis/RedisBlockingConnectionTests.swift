// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite("Redis: waiting reads")
struct RedisBlockingConnectionTests {
  /// Until a client of this server waits in a blocking command.
  func untilBlocked(_ client: RedisClient) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await client.command(["INFO", "clients"]).string?.contains("blocked_clients:1") != true {
      try #require(ContinuousClock.now < deadline, "no client began to wait")
    }
  }

  @Test func wakesUpWithTheFirstEntry() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      let waiting = client.blockingConnection()
      async let batches = waiting.xread([("s", .zero)], block: .seconds(30))
      try await untilBlocked(client)
      let id = try await client.xadd("s", fields: ["a": "1", "b": .bytes([])])
      #expect(
        try await batches == [StreamBatch(stream: "s", entries: [StreamEntry(id: id, fields: ["a": "1", "b": ""])])])
      await waiting.close()
      await client.close()
    }
  }

  @Test func waitsLongerThanTheCommandLimitAndThenReturnsNothing() async throws {
    try await withRedis { configuration in
      var configuration = configuration
      configuration.commandTimeout = .milliseconds(100)
      let waiting = RedisBlockingConnection(configuration)
      let batches = try await waiting.xread([("s", .zero)], block: .milliseconds(300))
      #expect(batches.isEmpty)
      await waiting.close()
    }
  }

  @Test func cancellationEndsTheWaitAndTheConnectionLivesOn() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      let waiting = client.blockingConnection()
      let start = ContinuousClock.now
      let task = Task { try await waiting.xread([("s", .zero)], block: .seconds(60)) }
      try await untilBlocked(client)
      task.cancel()
      let error = await #expect(throws: RedisError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      #expect(start.duration(to: .now) < .seconds(30))
      #expect(try await waiting.command(["PING"]).string == "PONG")
      await waiting.close()
      await client.close()
    }
  }
}
