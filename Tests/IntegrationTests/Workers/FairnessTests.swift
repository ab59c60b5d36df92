// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import TestSupport
import Testing

@testable import Workers

/// Who is served when, counted in jobs and not in seconds: what is taken is acknowledged at once.
@Suite("Workers: fairness")
struct FairnessTests {
  /// Puts jobs into lanes without a log, and takes them.
  struct House {
    let redis: RedisClient
    let queue: JobQueue

    func add(
      _ count: Int, owner: UUID?, _ jobClass: JobClass = .bulk, kind: JobKind = .analyze, cost: Int = 1
    ) async throws {
      for start in stride(from: 0, to: count, by: 5000) {
        try await queue.add(
          (start..<min(count, start + 5000)).map {
            JobEntry(position: Position(Int64($0 + 1)), kind: kind, jobClass: jobClass, owner: owner, cost: cost)
          })
      }
    }

    /// Takes and ends jobs; whose they were, and of which class.
    func take(_ room: Int) async throws -> [JobEntry] {
      let taken = try await queue.take(room).deliveries
      if !taken.isEmpty { try await queue.acknowledge(taken) }
      return try taken.map { try JobEntry($0) }
    }

    func limit(_ field: String, _ value: String) async throws {
      _ = try await redis.command(["HSET", "jobs:control", .string(field), .string(value)])
    }
  }

  func withHouse(_ body: (House) async throws -> Void) async throws {
    try await withRedis { configuration in
      let redis = RedisClient(configuration: configuration)
      try await body(
        House(redis: redis, queue: JobQueue(redis: redis, consumer: "one", classes: Set(JobClass.allCases))))
      await redis.close()
    }
  }

  /// Between two turns of a tenant, each other tenant has one: eight units and at most one dear job more.
  @Test(arguments: [1, 16, 128])
  func tenOfOneTenantPassAHundredThousandOfAnother(room: Int) async throws {
    try await withHouse { house in
      let start = ContinuousClock.now
      let large = UUID.v7(), small = UUID.v7()
      try await house.add(100_000, owner: large)
      _ = try await house.take(room)
      try await house.add(10, owner: small)
      var before = 0, done = 0
      while done < 10 {
        for entry in try await house.take(room) {
          if entry.owner == small { done += 1 } else if done < 10 { before += 1 }
        }
      }
      // Two turns of its own, two of the other's, and the rest of the step in which the last was taken.
      #expect(before <= 3 * 8 + room)
      Trials.held(
        26, "100,000 jobs of another", since: start, "room \(room)", "\(before) of them began before the last of ten")
    }
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func tenantsShareByWeightWhateverTheirJobsCost(seed: UInt64) async throws {
    try await withHouse { house in
      var random = SeededGenerator(seed: seed)
      struct Tenant {
        let owner = UUID.v7()
        let weight: Int
        let cost: Int
        var served = 0
      }
      var tenants = (0..<Int.random(in: 2...6, using: &random)).map { _ in
        Tenant(
          weight: Int.random(in: 1...3, using: &random), cost: [1, 1, 3, 20, 64].randomElement(using: &random) ?? 1)
      }
      for tenant in tenants {
        try await house.add(3000, owner: tenant.owner, cost: tenant.cost)
        if tenant.weight > 1 { try await house.limit("weight tenant:\(tenant.owner.text)", "\(tenant.weight)") }
      }
      for _ in 0..<200 {
        for entry in try await house.take(Int.random(in: 1...32, using: &random)) {
          let index = try #require(tenants.firstIndex { $0.owner == entry.owner })
          tenants[index].served += entry.cost
        }
        let shares = tenants.map { Double($0.served) / Double($0.weight) }
        // A turn, what was saved up for a dear job, and that job.
        let bound = Double(8 + 64 + 64)
        #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= bound, "seed \(seed): \(shares)")
      }
    }
  }

  @Test(arguments: [1, 7, 64])
  func noClassWaitsForEver(most: Int) async throws {
    try await withHouse { house in
      var random = SeededGenerator(seed: 5)
      for jobClass in JobClass.allCases { try await house.add(20_000, owner: .v7(), jobClass) }
      var counts: [JobClass: Int] = [:]
      for _ in 0..<300 {
        let room = Int.random(in: 1...most, using: &random)
        for entry in try await house.take(room) { counts[entry.jobClass, default: 0] += 1 }
        let total = counts.values.reduce(0, +)
        // Less urgent: one of eight. Most urgent: all but those.
        for jobClass in [JobClass.interactive, .bulk] {
          #expect(counts[jobClass, default: 0] >= total / 8 - 8, "\(jobClass) of \(total)")
        }
        #expect(counts[.admin, default: 0] >= total * 6 / 8 - 16)
      }
    }
  }

  @Test func urgentWorkThatComesLateIsTakenNext() async throws {
    try await withHouse { house in
      try await house.add(1000, owner: .v7(), .bulk)
      try await house.add(1000, owner: .v7(), .interactive)
      for _ in 0..<5 { _ = try await house.take(8) }
      try await house.add(1, owner: .v7(), .admin)
      #expect(try await house.take(4).contains { $0.jobClass == .admin })
    }
  }

  @Test func limitsHoldAtEveryMoment() async throws {
    try await withHouse { house in
      var random = SeededGenerator(seed: 6)
      let owners = (0..<4).map { _ in UUID.v7() }
      for owner in owners { try await house.add(200, owner: owner) }
      try await house.add(100, owner: nil, .admin, kind: .probe)
      try await house.limit("concurrency kind:analyze", "7")
      try await house.limit("concurrency kind:probe", "2")
      try await house.limit("concurrency tenant:*", "3")
      try await house.limit("concurrency tenant:\(owners[0].text)", "1")
      let queues = ["a", "b", "c"].map {
        JobQueue(redis: house.redis, consumer: $0, classes: Set(JobClass.allCases))
      }
      var held: [Delivery] = []
      var done = 0
      while done < 900 {
        let queue = try #require(queues.randomElement(using: &random))
        held += try await queue.take(Int.random(in: 1...10, using: &random)).deliveries
        let entries = try held.map { try JobEntry($0) }
        #expect(entries.count { $0.kind == .analyze } <= 7 && entries.count { $0.kind == .probe } <= 2)
        for owner in owners { #expect(entries.count { $0.owner == owner } <= (owner == owners[0] ? 1 : 3)) }
        held.shuffle(using: &random)
        let ended = Array(held.prefix(Int.random(in: 1...5, using: &random)))
        held.removeFirst(ended.count)
        if !ended.isEmpty { try await queue.acknowledge(ended) }
        done += ended.count
      }
      #expect(try await house.queue.lengths().values.allSatisfy { $0 == 0 })
      #expect(try await house.redis.command(["EXISTS", .string(JobKeys.flight)]).int == 0)
    }
  }

  @Test func ratesHold() async throws {
    try await withHouse { house in
      try await house.add(1000, owner: .v7())
      try await house.limit("rate kind:analyze", "100")
      let start = ContinuousClock.now
      var count = 0
      while start.duration(to: .now) < .seconds(1) {
        let taken = try await house.queue.take(50)
        count += taken.deliveries.count
        if taken.deliveries.isEmpty {
          // Told when it is worth while to ask again.
          #expect(try #require(taken.next) <= .milliseconds(11))
          try await Task.sleep(for: taken.next ?? .zero)
        }
      }
      // A second's worth at once, then a hundred a second.
      #expect(Double(count) <= 100 + 100 * (start.duration(to: .now) / .seconds(1)) + 1)
      #expect(count >= 150)
    }
  }

  @Test func pausedPartsAreLeftAloneAndGoOnWhenResumed() async throws {
    try await withHouse { house in
      let paused = UUID.v7()
      try await house.add(5, owner: paused)
      try await house.add(5, owner: .v7())
      try await house.add(5, owner: nil, .admin, kind: .probe)
      try await house.limit("paused tenant:\(paused.text)", "1")
      try await house.limit("paused kind:probe", "1")
      #expect(try await house.take(100).count == 5)
      #expect(try await house.take(100).isEmpty)
      _ = try await house.redis.command(["DEL", "jobs:control"])
      try await house.limit("paused class:bulk", "1")
      #expect(try await house.take(100).map(\.kind) == Array(repeating: .probe, count: 5))
      _ = try await house.redis.command(["DEL", "jobs:control"])
      #expect(try await house.take(100).count == 5)
    }
  }

  @Test func waitingJobsCostLittleMemory() async throws {
    try await withHouse { house in
      func used() async throws -> Int {
        let info = try #require(try await house.redis.command(["INFO", "memory"]).string)
        return try #require(info.firstMatch(of: /used_memory:(\d+)/).flatMap { Int($0.output.1) })
      }
      let before = try await used()
      let owners = (0..<100).map { _ in UUID.v7() }
      var position: Int64 = 10_000_000
      for owner in owners {
        for _ in 0..<2 {
          try await house.queue.add(
            (0..<5000).map { _ in
              position += 1
              return JobEntry(
                position: Position(position), kind: .analyze, jobClass: .bulk, owner: owner, cost: 1 + Int(position % 9)
              )
            })
        }
      }
      let each = Double(try await used() - before) / 1_000_000
      print("memory: a million waiting jobs of 100 tenants cost \(each) bytes each in Redis")
      #expect(each < 40)
    }
  }

  @Test func aJobThatComesWakesAPoolThatSleeps() async throws {
    try await withHouse { house in
      #expect(try await house.queue.take(10).deliveries.isEmpty)
      async let woken: Void = house.queue.wait(upTo: .seconds(60))
      try await house.add(1, owner: .v7())
      try await woken
      #expect(try await house.take(10).count == 1)
    }
  }

  @Test func aStepThatLeavesSomethingWakesTheNext() async throws {
    try await withHouse { house in
      try await house.add(10, owner: .v7())
      try await house.queue.wait(upTo: .seconds(60))
      #expect(try await house.take(4).count == 4)
      try await house.queue.wait(upTo: .seconds(60))
      #expect(try await house.take(6).count == 6)
    }
  }
}
