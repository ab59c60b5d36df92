// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import Synchronization
import TestSupport
import Testing

@testable import Workers

@Suite("Workers: pool")
struct WorkerPoolTests {
  struct Trouble: Error {}

  @Test func everyJobOfEveryClassEndsOnceAndLeavesNothing() async throws {
    try await WorkerBench.run { bench in
      var jobs: Set<UUID> = []
      for number in 0..<300 {
        jobs.insert(try await bench.enqueue([.admin, .interactive, .bulk][number % 3]).id)
      }
      let pool = bench.pool(ClosureHandler(log: bench.log))
      try await bench.running(pool) {
        try await eventually("all jobs should end") { try await bench.left() == 0 }
      }
      #expect(try await bench.succeeded() == jobs)
      #expect(try await bench.log.read(after: .start, limit: 10_000).count == 600)
      #expect(try await bench.redis.xlen(JobKeys.dead) == 0)
    }
  }

  @Test func urgentJobsComeFirst() async throws {
    try await WorkerBench.run { bench in
      for jobClass in [JobClass.bulk, .bulk, .interactive, .admin, .interactive] { try await bench.enqueue(jobClass) }
      let order = Mutex<[JobClass]>([])
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { job in order.withLock { $0.append(job.entry.jobClass) } }
      ) { $0.concurrency = 1 }
      try await bench.running(pool) {
        try await eventually("all jobs should end") { try await bench.left() == 0 }
      }
      #expect(order.withLock { $0 } == [.admin, .interactive, .interactive, .bulk, .bulk])
    }
  }

  @Test func bulkIsNotHeldBackForEver() async throws {
    try await WorkerBench.run { bench in
      for _ in 0..<30 { try await bench.enqueue(.interactive) }
      try await bench.enqueue(.bulk)
      let order = Mutex<[JobClass]>([])
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { job in order.withLock { $0.append(job.entry.jobClass) } }
      ) { $0.concurrency = 1 }
      try await bench.running(pool) {
        try await eventually("all jobs should end") { try await bench.left() == 0 }
      }
      let place = try #require(order.withLock { $0 }.firstIndex(of: .bulk))
      #expect(place < 10)
    }
  }

  @Test func failingJobIsTriedAgainAndItsAttemptsAreInTheLog() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue(.interactive)
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { job in if job.attempt < 3 { throw Trouble() } })
      try await bench.running(pool) {
        try await eventually("the third attempt should succeed") { try await bench.succeeded() == [entry.id] }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      let events = try await bench.log.read(stream: OpenJob.stream(of: entry.id), after: 0, limit: 10)
      #expect(events.map(\.type) == ["job.failed", "job.failed", "job.succeeded"])
      #expect(try events.prefix(2).map { try $0.decode(JobFailed.self).attempt } == [1, 2])
    }
  }

  @Test func jobThatKeepsFailingBecomesADeadLetter() async throws {
    try await WorkerBench.run { bench in
      let bad = try await bench.enqueue()
      let good = try await bench.enqueue()
      let pool = bench.pool(ClosureHandler(log: bench.log) { job in if job.id == bad.id { throw Trouble() } })
      try await bench.running(pool) {
        try await eventually("the job should be given up") { try await bench.redis.xlen(JobKeys.dead) == 1 }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      let events = try await bench.log.read(stream: OpenJob.stream(of: bad.id), after: 0, limit: 10)
      #expect(events.map(\.type) == ["job.failed", "job.failed", "job.deadLettered"])
      let letter = try #require(events.last).decode(JobDeadLettered.self)
      #expect(letter.attempts == 3 && letter.fingerprint == "analyze:Trouble")
      #expect(try await bench.redis.newestEntry(JobKeys.dead)?.fields["job"] == bad.id.text)
      #expect(try await bench.succeeded() == [good.id])
    }
  }

  @Test func entriesThatAreNoJobsAreSetAside() async throws {
    try await WorkerBench.run { bench in
      try await bench.redis.xadd("jobs:bulk", fields: ["job": "no uuid", "kind": .bytes([0xff])])
      _ = try await bench.redis.command(["ZADD", .string(JobKeys.delayed), "1", "not a job"])
      let job = try await bench.append(.admin)
      var unknown = job.entry
      unknown.owner = .v7()
      try await bench.queue().add([unknown])
      // A lane, where only the relay and workers write, and where a stranger may.
      try await bench.publish(job)
      _ = try await bench.redis.command(["LSET", .string(JobKeys.lane(job.entry)), "0", "something"])
      let pool = bench.pool(ClosureHandler(log: bench.log))
      try await bench.running(pool) {
        try await eventually("all four should be set aside") { try await bench.redis.xlen(JobKeys.dead) == 4 }
      }
      #expect(try await bench.left() == 0)
      let letters = try await bench.redis.xrange(JobKeys.dead, count: 10)
      #expect(letters.allSatisfy { $0.fields["reason"]?.isEmpty == false })
      #expect(letters.contains { $0.fields["entry"] == "something" && $0.fields["stream"] == JobKeys.lane(job.entry) })
      #expect(letters.contains { $0.fields["job"] == "no uuid" && $0.fields["stream"] == "jobs:bulk" })
    }
  }

  @Test func absentDependencyCostsNoAttempt() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      let tries = Atomic(0)
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { _ in
          if tries.add(1, ordering: .relaxed).newValue < 3 {
            throw JobFailure(.wait, code: "away", reason: "not there yet")
          }
        })
      try await bench.running(pool) {
        try await eventually("it should succeed in the end") { try await bench.succeeded() == [entry.id] }
      }
      #expect(try await bench.log.read(stream: OpenJob.stream(of: entry.id), after: 0, limit: 10).count == 1)
    }
  }

  @Test func snoozedJobWaitsItsTimeAndUsesNoAttempt() async throws {
    try await WorkerBench.run { bench in
      let job = try await bench.enqueue()
      let times = Mutex<[ContinuousClock.Instant]>([])
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { job in
          #expect(job.attempt == 1)
          let tries = times.withLock {
            $0.append(.now)
            return $0.count
          }
          if tries == 1 { throw JobFailure(.later(.seconds(3)), code: "busy", reason: "not now") }
        })
      try await bench.running(pool) {
        try await eventually("it should succeed in the end") { try await bench.succeeded() == [job.id] }
      }
      let seen = times.withLock { $0 }
      #expect(seen.count == 2 && seen[0].duration(to: seen[1]) >= .seconds(2.9))
    }
  }

  @Test func cancelledJobThatRunsStopsAndLeavesNothing() async throws {
    try await WorkerBench.run { bench in
      let job = try await bench.enqueue()
      let gate = Gate()
      let pool = bench.pool(
        ClosureHandler(log: bench.log) { job in try await job.cancellation.cancelling { try await gate.pass() } }
      ) { $0.silence = .milliseconds(500) }
      try await bench.running(pool) {
        try await eventually("the job should begin") { gate.arrivals == 1 }
        let cancelled = try NewEvent(JobCancelled(jobId: job.id, kind: .analyze), owner: bench.owner)
        _ = try await bench.log.append(to: OpenJob.stream(of: job.id), expected: .exactly(0), [cancelled])
        // What the relay does when it passes the event.
        _ = try await bench.redis.command(["ZADD", .string(JobKeys.cancelled), "1", .string(job.id.text)])
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      #expect(try await bench.succeeded().isEmpty)
      #expect(try await bench.redis.xlen(JobKeys.dead) == 0)
    }
  }

  @Test func emptiedRedisIsFilledAgainAndTheWorkGoesOn() async throws {
    try await WorkerBench.run { bench in
      let first = try await bench.enqueue()
      let second = try await bench.append()
      let pool = bench.pool(ClosureHandler(log: bench.log))
      try await bench.running(pool) {
        try await eventually("the first should end") { try await bench.succeeded() == [first.id] }
        _ = try await bench.redis.command(["FLUSHALL"])
        // The relay goes back to the oldest open job; what is finished it may bring again as well.
        try await bench.publish(first)
        try await bench.publish(second)
        try await eventually("the second should end") { try await bench.succeeded() == [first.id, second.id] }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      #expect(try await bench.log.read(after: .start, limit: 100).count == 4)
    }
  }
}
