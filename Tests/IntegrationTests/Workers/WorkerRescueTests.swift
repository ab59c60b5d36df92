// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import TestSupport
import Testing

@testable import Workers

@Suite("Workers: rescue and shutdown")
struct WorkerRescueTests {
  /// Takes entries as a worker that then dies.
  func takeAndDie(_ bench: WorkerBench, as consumer: String) async throws -> Int {
    try await bench.queue(consumer).take(1000).deliveries.count
  }

  @Test func jobsOfASilentWorkerAreTakenOver() async throws {
    try await WorkerBench.run { bench in
      var jobs: Set<UUID> = []
      for _ in 0..<20 { jobs.insert(try await bench.enqueue().id) }
      #expect(try await takeAndDie(bench, as: "dead") == 20)
      let pool = bench.pool(ClosureHandler(log: bench.log)) { $0.silence = .milliseconds(300) }
      try await bench.running(pool) {
        try await eventually("the jobs should be rescued") { try await bench.succeeded() == jobs }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
    }
  }

  /// Ten seconds are promised. Silence takes five of them, and a pool that sleeps looks every second or two.
  @Test func asPoolsAreSetUpAJobOfADeadOneIsTakenOverWithinTenSeconds() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      #expect(try await takeAndDie(bench, as: "dead") == 1)
      let death = ContinuousClock.now
      try await bench.running(bench.pool(ClosureHandler(log: bench.log))) {
        try await eventually("the job should be rescued") { try await bench.succeeded() == [entry.id] }
        let rescue = death.duration(to: .now)
        print("rescue: \(rescue) after a worker's death")
        #expect(rescue < .seconds(10))
      }
    }
  }

  @Test func workerThatComesBackUnderItsNameGoesOnAtOnce() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      #expect(try await takeAndDie(bench, as: "one") == 1)
      let pool = bench.pool(ClosureHandler(log: bench.log)) { $0.silence = .seconds(600) }
      try await bench.running(pool) {
        try await eventually("its own entry should be done") { try await bench.succeeded() == [entry.id] }
      }
    }
  }

  @Test func longJobThatGivesSignsOfLifeIsLeftAlone() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      let gate = Gate()
      let slow = bench.pool(ClosureHandler(log: bench.log) { _ in try await gate.pass() }) {
        $0.silence = .milliseconds(500)
      }
      try await bench.running(slow) {
        try await eventually("the job should begin") { gate.arrivals == 1 }
        let stolen = Gate()
        let thief = bench.pool(ClosureHandler(log: bench.log) { _ in try await stolen.pass() }) {
          $0.consumer = "two"
          $0.silence = .milliseconds(500)
        }
        try await bench.running(thief) {
          // Long enough for several rescues; the signs of life keep the idle time below the limit all the while.
          let end = ContinuousClock.now + .seconds(2)
          while ContinuousClock.now < end {
            let pending = try await bench.pending("jobs:bulk", of: "one")
            #expect(pending.count == 1)
            #expect(try #require(pending.first).idle < .milliseconds(500))
            try await Task.sleep(for: .milliseconds(20))
          }
          #expect(stolen.arrivals == 0)
        }
        gate.open()
        try await eventually("it should end") { try await bench.succeeded() == [entry.id] }
      }
    }
  }

  @Test func workerThatWasThoughtDeadIsRefused() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      let gate = Gate()
      let paused = bench.pool(ClosureHandler(log: bench.log) { _ in try await gate.pass() })
      try await bench.running(paused) {
        try await eventually("the job should begin") { gate.arrivals == 1 }
        // As after a long pause of its process: another worker takes the job over and ends it.
        let id = try #require(try await bench.pending("jobs:bulk", of: "one").first).id
        try await bench.redis.xclaimJustID("jobs:bulk", group: JobKeys.group, consumer: "two", ids: [id])
        let other = bench.pool(ClosureHandler(log: bench.log)) { $0.consumer = "two" }
        try await bench.running(other) {
          try await eventually("the other should end it") { try await bench.succeeded() == [entry.id] }
        }
        gate.open()
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      let events = try await bench.log.read(stream: OpenJob.stream(of: entry.id), after: 0, limit: 10)
      #expect(events.map(\.type) == ["job.succeeded"])
    }
  }

  @Test func jobThatKillsItsWorkersBecomesADeadLetter() async throws {
    let start = ContinuousClock.now
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      #expect(try await takeAndDie(bench, as: "one") == 1)
      for _ in 0..<5 {
        // Each look at its own pending entries is another delivery, as after each crash.
        _ = try await bench.redis.xreadGroupPending(JobKeys.group, consumer: "one", stream: "jobs:bulk")
      }
      let handled = Gate()
      let pool = bench.pool(ClosureHandler(log: bench.log) { _ in try await handled.pass() })
      try await bench.running(pool) {
        try await eventually("it should be given up") { try await bench.redis.xlen(JobKeys.dead) == 1 }
      }
      #expect(handled.arrivals == 0)
      let events = try await bench.log.read(stream: OpenJob.stream(of: entry.id), after: 0, limit: 10)
      #expect(try events.map { try $0.decode(JobDeadLettered.self).fingerprint } == ["analyze:worker.died"])
    }
    Trials.held(25, "1 job, given out 6 times", since: start, "parked 1, carried out 0")
  }

  @Test func shutdownLetsShortJobsFinish() async throws {
    try await WorkerBench.run { bench in
      let entry = try await bench.enqueue()
      let gate = Gate()
      let pool = bench.pool(ClosureHandler(log: bench.log) { _ in try await gate.pass() })
      try await bench.running(pool) {
        try await eventually("the job should begin") { gate.arrivals == 1 }
        Task {
          try await Task.sleep(for: .milliseconds(100))
          gate.open()
        }
      }
      #expect(try await bench.succeeded() == [entry.id])
      #expect(try await bench.left() == 0)
    }
  }

  @Test func shutdownHandsBackWhatIsNotDoneWithoutUsingAnAttempt() async throws {
    try await WorkerBench.run { bench in
      var jobs: Set<UUID> = []
      for _ in 0..<10 { jobs.insert(try await bench.enqueue(.interactive).id) }
      let gate = Gate()
      let pool = bench.pool(ClosureHandler(log: bench.log) { _ in try await gate.pass() }) {
        $0.grace = .milliseconds(50)
      }
      try await bench.running(pool) {
        try await eventually("the jobs should begin") { gate.arrivals == 10 }
      }
      #expect(try await bench.redis.xlen("jobs:interactive") == 0)
      #expect(try await bench.left() == 10)
      #expect(try await bench.redis.command(["EXISTS", .string(JobKeys.flight)]).int == 0)
      let consumers = try await bench.redis.xinfoConsumers("jobs:interactive", group: JobKeys.group)
      #expect(consumers.isEmpty, "who has stopped is not kept in the list")
      #expect(try await bench.log.read(after: .start, limit: 100).allSatisfy { $0.type == "file.uploaded" })

      let next = bench.pool(ClosureHandler(log: bench.log)) { $0.consumer = "two" }
      try await bench.running(next) {
        try await eventually("another should do them") { try await bench.succeeded() == jobs }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
    }
  }

  @Test func manyStartsAndStopsLoseNothing() async throws {
    try await WorkerBench.run { bench in
      var jobs: Set<UUID> = []
      for _ in 0..<200 { jobs.insert(try await bench.enqueue().id) }
      for round in 0..<10 {
        let handler = ClosureHandler(log: bench.log) { _ in
          try await Task.sleep(for: .milliseconds(Int.random(in: 0...10)))
        }
        let one = bench.pool(handler) {
          $0.concurrency = 8
          $0.grace = .zero
        }
        let two = bench.pool(handler) {
          $0.consumer = "two"
          $0.concurrency = 8
          $0.grace = .zero
        }
        try await bench.running(one, two) {
          let target = (round + 1) * 5
          try await eventually("some jobs should end") { try await bench.succeeded().count >= target }
        }
      }
      let last = bench.pool(ClosureHandler(log: bench.log))
      try await bench.running(last) {
        try await eventually("the rest should end") { try await bench.succeeded() == jobs }
        try await eventually("nothing should be left") { try await bench.left() == 0 }
      }
      #expect(try await bench.log.read(after: .start, limit: 10_000).count == 400)
    }
  }
}
