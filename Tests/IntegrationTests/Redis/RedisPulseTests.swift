// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Redis
import Synchronization
import TestSupport
import Testing

@Suite("Redis: pulse")
struct RedisPulseTests {
  @Test func beatsGoOnThroughALostConnectionAndEndWithStop() async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      let (beats, beating) = AsyncStream.makeStream(of: Int.self)
      let pulse = RedisPulse(configuration, interval: .milliseconds(5)) {
        [["INCR", "beats"], ["CLIENT", "ID"]]
      } replies: { replies in
        if let id = replies.last?.int { beating.yield(id) }
      }
      var first: Int?
      var second: Int?
      for await id in beats {
        if first == nil {
          first = id
          _ = try await client.command(["CLIENT", "KILL", "ID", RedisArgument(id)])
        } else if id != first {
          second = id
          break
        }
      }
      #expect(second != nil)
      pulse.stop()
      // A beat that was under way may still arrive; after it nothing does.
      let key: [RedisArgument] = ["GETSET", "beats", 0]
      let deadline = ContinuousClock.now + .seconds(10)
      var silentLooks = 0
      while silentLooks < 10 {
        try #require(ContinuousClock.now < deadline, "the pulse goes on after stop")
        silentLooks = try await client.command(key).int == 0 ? silentLooks + 1 : 0
        try await Task.sleep(for: .milliseconds(10))
      }
      await client.close()
    }
  }

  @Test func beatsWhileAllOfSwiftsThreadsAreBusy() async throws {
    try await withRedis { configuration in
      let counted = DispatchSemaphore(value: 0)
      let pulse = RedisPulse(configuration, interval: .milliseconds(1)) {
        [["PING"]]
      } replies: { _ in
        counted.signal()
      }
      // Blocks this thread, and by its siblings every other of the pool, until enough beats have come.
      let beats = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<64 {
          group.addTask {
            let result = Self.wait(for: counted)
            return result
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(beats == 64)
      pulse.stop()
    }
  }

  private static func wait(for semaphore: DispatchSemaphore) -> Bool {
    semaphore.wait(timeout: .now() + .seconds(20)) == .success
  }
}
