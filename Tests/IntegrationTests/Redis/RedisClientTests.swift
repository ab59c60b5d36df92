// SPDX-License-Identifier: Apache-2.0

import LocalServices
import Redis
import TestSupport
import Testing

@Suite("Redis: client")
struct RedisClientTests {
  @Test func manyTasksShareFewConnections() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 2)
      try await withThrowingTaskGroup { group in
        for number in 0..<200 {
          group.addTask {
            let text = try await client.command(["ECHO", "\(number)"]).string
            #expect(text == "\(number)")
          }
        }
        try await group.waitForAll()
      }
      let clients = try #require(try await client.command(["CLIENT", "LIST"]).string)
      #expect(clients.split(separator: "\n").count == 2)
      await client.close()
    }
  }

  @Test func scriptIsLoadedAgainAfterTheServerForgotIt() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      let script = RedisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
      #expect(try await client.evaluate(script, keys: ["n"], arguments: [5]).int == 5)
      _ = try await client.command(["SCRIPT", "FLUSH"])
      #expect(try await client.evaluate(script, keys: ["n"], arguments: [5]).int == 10)
      #expect(try await client.evaluate(script, keys: ["n"], arguments: [5]).int == 15)
      await client.close()
    }
  }

  @Test func worksAgainAfterTheServerRestarted() async throws {
    try await withRedisServer { server, child in
      var configuration = try RedisConfiguration(url: server.url)
      configuration.backoff = Backoff(first: .milliseconds(1), longest: .milliseconds(5))
      let client = RedisClient(configuration: configuration, connections: 2)
      #expect(try await client.command(["PING"]).string == "PONG")
      await server.stop(child)
      let error = await #expect(throws: RedisError.self) { try await client.command(["PING"]) }
      #expect(error?.isTransient == true)

      let next = try await server.start()
      // Every connection finds out for itself; none sends into the socket of the dead server.
      for _ in 0..<4 {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
          do {
            #expect(try await client.command(["PING"]).string == "PONG")
            break
          } catch let error as RedisError {
            guard error.isTransient, ContinuousClock.now < deadline else { throw error }
            await Task.yield()
          }
        }
      }
      await server.stop(next)
      await client.close()
    }
  }

  @Test func serverThatHungUpIsNoticedBeforeSending() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      let other = try await RedisConnection.connect(configuration)
      let id = try #require(try await client.command(["CLIENT", "ID"]).int)
      #expect(try await other.command(["CLIENT", "KILL", "ID", RedisArgument(id)]).int == 1)
      #expect(try await client.command(["INCR", "n"]).int == 1)
      await client.close()
      await other.close()
    }
  }
}
