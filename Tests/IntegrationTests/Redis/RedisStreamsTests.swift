// SPDX-License-Identifier: Apache-2.0

import Redis
import TestSupport
import Testing

@Suite("Redis: streams")
struct RedisStreamsTests {
  let stream = "jobs"
  let group = "workers"

  func withClient(_ body: (RedisClient) async throws -> Void) async throws {
    try await withRedis { configuration in
      let client = RedisClient(configuration: configuration, connections: 1)
      try await body(client)
      await client.close()
    }
  }

  func fill(_ client: RedisClient, _ count: UInt64) async throws {
    for number in 1...count {
      try await client.xadd(stream, id: StreamID(milliseconds: number), fields: ["n": "\(number)"])
    }
  }

  @Test func explicitIDMustGrow() async throws {
    try await withClient { client in
      try await client.xadd(stream, id: StreamID(milliseconds: 5), fields: ["n": "5"])
      let error = await #expect(throws: RedisError.self) {
        try await client.xadd(stream, id: StreamID(milliseconds: 5), fields: ["n": "again"])
      }
      #expect(error?.isStreamIDTooSmall == true)
      #expect(try await client.xlen(stream) == 1)
    }
  }

  @Test func groupDeliversOnceAndRemembersWhatIsPending() async throws {
    try await withClient { client in
      #expect(try await client.xgroupCreate(stream, group: group))
      #expect(try await !client.xgroupCreate(stream, group: group))
      try await fill(client, 5)
      let first = try await client.xreadGroup(group, consumer: "a", streams: [stream], count: 2)
      let second = try await client.xreadGroup(group, consumer: "b", streams: [stream], count: 10)
      #expect(first.first?.entries.map(\.id.milliseconds) == [1, 2])
      #expect(second.first?.entries.map(\.id.milliseconds) == [3, 4, 5])
      #expect(try await client.xreadGroup(group, consumer: "a", streams: [stream]).isEmpty)

      #expect(try await client.xack(stream, group: group, ids: [StreamID(milliseconds: 1)]) == 1)
      let own = try await client.xreadGroupPending(group, consumer: "a", stream: stream)
      #expect(own.map(\.id.milliseconds) == [2])
      let pending = try await client.xpending(stream, group: group, consumer: "b", first: StreamID(milliseconds: 4))
      #expect(pending.map(\.id.milliseconds) == [4, 5])
      #expect(pending.allSatisfy { $0.deliveries == 1 && $0.consumer == "b" })

      let info = try #require(try await client.xinfoGroups(stream).first)
      #expect(info.pending == 4)
      #expect(info.consumers == 2)
      #expect(info.lag == 0)
      #expect(info.lastDelivered == StreamID(milliseconds: 5))
    }
  }

  @Test func autoclaimTakesOverInStepsAndNamesTheDeleted() async throws {
    try await withClient { client in
      try await client.xgroupCreate(stream, group: group)
      try await fill(client, 5)
      _ = try await client.xreadGroup(group, consumer: "silent", streams: [stream])
      try await client.xdel(stream, ids: [StreamID(milliseconds: 2)])

      var claimed: [UInt64] = []
      var deleted: [UInt64] = []
      var next = StreamID.zero
      repeat {
        let step = try await client.xautoclaim(
          stream, group: group, consumer: "heir", minIdle: .zero, start: next, count: 2)
        claimed += step.entries.map(\.id.milliseconds)
        deleted += step.deleted.map(\.milliseconds)
        next = step.next
      } while next != .zero
      #expect(claimed == [1, 3, 4, 5])
      #expect(deleted == [2])
      #expect(try await client.xpending(stream, group: group, consumer: "silent").isEmpty)
      let pending = try await client.xpending(stream, group: group, consumer: "heir")
      #expect(pending.map(\.deliveries) == [2, 2, 2, 2])
    }
  }

  @Test func claimOfIDsCountsNoDelivery() async throws {
    try await withClient { client in
      try await client.xgroupCreate(stream, group: group)
      try await fill(client, 1)
      _ = try await client.xreadGroup(group, consumer: "a", streams: [stream])
      let id = StreamID(milliseconds: 1)
      #expect(try await client.xclaimJustID(stream, group: group, consumer: "a", ids: [id]) == [id])
      #expect(try await client.xpending(stream, group: group).map(\.deliveries) == [1])
      #expect(try await client.xpending(stream, group: group, minIdle: .seconds(60)).isEmpty)
    }
  }

  @Test func forgettingAConsumerTellsWhatWasDropped() async throws {
    try await withClient { client in
      try await client.xgroupCreate(stream, group: group)
      try await fill(client, 3)
      _ = try await client.xreadGroup(group, consumer: "a", streams: [stream])
      #expect(try await client.xinfoConsumers(stream, group: group).map(\.pending) == [3])
      #expect(try await client.xgroupDeleteConsumer(stream, group: group, consumer: "a") == 3)
      #expect(try await client.xinfoConsumers(stream, group: group).isEmpty)
    }
  }

  @Test func trimDropsOnlyWhatIsBelow() async throws {
    try await withClient { client in
      try await fill(client, 5)
      #expect(try await client.xtrim(stream, minID: StreamID(milliseconds: 4)) == 3)
      #expect(try await client.xrange(stream, count: 10).map(\.id.milliseconds) == [4, 5])
      #expect(
        try await client.xrange(stream, after: StreamID(milliseconds: 4), count: 10).map(\.id.milliseconds) == [5])
      #expect(try await client.newestEntry(stream)?.id == StreamID(milliseconds: 5))
    }
  }

  @Test func missingStreamAndGroupAreToldApartFromFailures() async throws {
    try await withClient { client in
      let groups = try await client.xinfoGroups("absent")
      #expect(groups.isEmpty)
      let newest = try await client.newestEntry("absent")
      #expect(newest == nil)
      let error = await #expect(throws: RedisError.self) {
        try await client.xreadGroup(group, consumer: "a", streams: ["absent"])
      }
      #expect(error?.isNoGroup == true)
    }
  }
}
