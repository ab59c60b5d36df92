// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis
import ServiceLifecycle
import TestSupport
import Testing

@testable import Workers

/// Jobs from the log through the relay and Redis into the log, with everything but files.
@Suite("Workers: from the log to the log")
struct JobPathTests {
  @Test func jobsThatNoUploadCausesAreDone() async throws {
    try await withPath { path in
      let requests = (0..<300).map { _ in JobRequest(kind: .probe, jobClass: .interactive, owner: .v7()) }
      try await path.running {
        try await path.submission.submit(requests)
        let later = JobRequest(kind: .probe, jobClass: .bulk, runAt: Date(timeIntervalSinceNow: 0.5))
        try await path.submission.submit(later)
        try await eventually("all should be done") {
          try await path.completed() == Set(requests.map(\.id) + [later.id])
        }
      }
      #expect(try await path.count(JobCompleted.eventType) == 301)
    }
  }

  @Test func pausesHoldAfterRedisWasEmptied() async throws {
    try await withPath { path in
      try await path.tell(QueuePaused(scope: .kind, value: "probe"), "queue", "kind-probe")
      try await path.tell(QueueResumed(scope: .kind, value: "probe"), "queue", "kind-probe")
      try await path.tell(QueuePaused(scope: .kind, value: "probe"), "queue", "kind-probe")
      try await path.running {
        let job = try await path.submission.submit(JobRequest(kind: .probe, jobClass: .bulk))
        for _ in 0..<3 {
          try await path.caughtUp()
          _ = try await path.redis.command(["FLUSHALL"])
        }
        try await path.caughtUp()
        try await eventually("it should wait") { try await path.queue.lengths()["jobs:bulk"] == 1 }
        #expect(try await path.completed().isEmpty)
        try await path.tell(QueueResumed(scope: .kind, value: "probe"), "queue", "kind-probe")
        try await eventually("it should be done") { try await path.completed() == [job.id] }
      }
    }
  }

  @Test func cancelledJobIsSkippedWhenItsTurnComes() async throws {
    try await withPath { path in
      try await path.tell(QueuePaused(scope: .jobClass, value: "bulk"), "queue", "class-bulk")
      try await path.running {
        let unwanted = try await path.submission.submit(JobRequest(kind: .probe, jobClass: .bulk))
        let wanted = try await path.submission.submit(JobRequest(kind: .probe, jobClass: .bulk))
        try await path.tell(JobCancelled(jobId: unwanted.id, kind: .probe), "job", unwanted.id.text)
        try await path.tell(QueueResumed(scope: .jobClass, value: "bulk"), "queue", "class-bulk")
        try await eventually("the other should be done") { try await path.completed() == [wanted.id] }
        try await eventually("nothing should be left") {
          try await path.queue.lengths().values.allSatisfy { $0 == 0 }
        }
        #expect(
          try await path.redis.command(["ZSCORE", .string(JobKeys.cancelled), .string(unwanted.id.text)]).int != nil)
      }
    }
  }

  @Test func requeuedJobIsDoneInItsNewClass() async throws {
    try await withPath { path in
      try await path.running {
        let (id, position) = (UUID.v7(), try await path.log.head().rawValue + 1)
        // Cancelled in the append that queues it, so that no worker is quicker.
        let events: [any DomainEvent] = [
          JobQueued(jobId: id, kind: .probe, jobClass: .bulk), JobCancelled(jobId: id, kind: .probe),
        ]
        _ = try await path.log.append(
          to: OpenJob.stream(of: id), expected: .noStream,
          events.enumerated().map { try path.event($1, id: $0 == 0 ? id : .v7()) })
        try await path.tell(
          JobRequeued(jobId: id, kind: .probe, jobClass: .admin, causePosition: position), "job", id.text)
        try await eventually("it should be done") { try await path.completed() == [id] }
      }
      #expect(try await path.count(JobCompleted.eventType) == 1)
    }
  }

  /// Whatever is cut off at whatever step, each job has one end.
  @Test func killsAndFlushesAtAnyStepLoseAndDoubleNothing() async throws {
    try await withPath { path in
      var random = SeededGenerator.printed()
      var jobs: Set<UUID> = []
      try await path.running(pools: 0) {
        for round in 0..<12 {
          let requests = (0..<100).map { _ in
            JobRequest(
              kind: .probe, jobClass: JobClass.allCases.randomElement(using: &random) ?? .bulk,
              owner: Bool.random(using: &random) ? .v7() : nil)
          }
          jobs.formUnion(requests.map(\.id))
          try await path.submission.submit(requests)
          // A worker that takes what it gets and is never heard of again.
          _ = try await path.queue("dead\(round)").take(Int.random(in: 1...40, using: &random))
          let pool = path.pool("worker\(round)")
          let target = try await path.completed().count + Int.random(in: 1...80, using: &random)
          try await path.running(pool) {
            try await eventually("some should be done") { try await path.completed().count >= min(target, jobs.count) }
            if Bool.random(using: &random) { _ = try await path.redis.command(["FLUSHALL"]) }
          }
        }
        let last = path.pool("last")
        try await path.running(last) {
          try await eventually("all should be done") { try await path.completed() == jobs }
          try await eventually("nothing should be left") {
            try await path.queue.lengths().values.allSatisfy { $0 == 0 }
          }
        }
      }
      #expect(try await path.count(JobCompleted.eventType) == jobs.count)
      #expect(try await path.redis.command(["EXISTS", .string(JobKeys.flight)]).int == 0)
    }
  }

  @Test func jobsThatSomebodyDeletedFromRedisComeBack() async throws {
    try await withPath { path in
      try await path.tell(QueuePaused(scope: .jobClass, value: "bulk"), "queue", "class-bulk")
      try await path.running {
        let job = try await path.submission.submit(JobRequest(kind: .probe, jobClass: .bulk))
        try await path.caughtUp()
        let position = try await path.log.head()
        let lost = LostJobs(log: path.log, redis: path.redis, overdue: { _ in [position] }, isLeading: { true })
        #expect(try await lost.bringBack() == 0, "it waits")
        for key in ["jobs:lane:bulk:probe:system", "jobs:waiting:bulk", "jobs:ring:bulk", "jobs:depth"] {
          _ = try await path.redis.command(["DEL", .string(key)])
        }
        #expect(try await lost.bringBack() == 1)
        #expect(try await lost.bringBack() == 0)
        try await path.tell(QueueResumed(scope: .jobClass, value: "bulk"), "queue", "class-bulk")
        try await eventually("it should be done") { try await path.completed() == [job.id] }
      }
    }
  }

  // MARK: - The path

  struct Path {
    let log: PostgresEventLog
    let pool: PostgresPool
    let redis: RedisClient
    let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    var submission: JobSubmission { JobSubmission(log: log) }
    var queue: JobQueue { queue("test") }

    func queue(_ consumer: String) -> JobQueue {
      JobQueue(redis: redis, consumer: consumer, classes: Set(JobClass.allCases))
    }

    func event<Event: DomainEvent>(_ event: Event, id: UUID = .v7()) throws -> NewEvent { try NewEvent(event, id: id) }

    func tell(_ event: some DomainEvent, _ category: String, _ id: String) async throws {
      _ = try await log.append(to: StreamName(category: category, id: id), expected: .any, [NewEvent(event)])
    }

    func pool(_ consumer: String) -> WorkerPool {
      var options = WorkerOptions()
      options.consumer = consumer
      options.silence = .seconds(1)
      return WorkerPool(redis: redis, log: log, handlers: [ProbeJob(log: log)], options: options, logger: quiet)
    }

    /// Runs the relay, and so many workers.
    func running(pools: Int = 1, _ body: () async throws -> Void) async throws {
      let relay = Relay(log: log, pool: pool, redis: redis, target: JobRelay(log: log) { .start }, logger: quiet)
      try await running([log, relay] + (0..<pools).map { pool("worker-\($0)") }, body)
    }

    func running(_ pool: WorkerPool, _ body: () async throws -> Void) async throws { try await running([pool], body) }

    private func running(_ services: [any Service], _ body: () async throws -> Void) async throws {
      let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: quiet))
      async let ended: Void = group.run()
      let result: Result<Void, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      await group.triggerGracefulShutdown()
      try await ended
      try result.get()
    }

    func caughtUp() async throws {
      let head = try await log.head()
      try await eventually("the relay should catch up") {
        try await redis.command(["GET", .string(Relay.marker)]).int.map { $0 >= Int(head.rawValue) } ?? false
      }
    }

    func completed() async throws -> Set<UUID> {
      let events = try await log.read(after: .start, limit: 10_000, filter: .types([JobCompleted.eventType]))
      return Set(try events.map { try $0.decode(JobCompleted.self).jobId })
    }

    func count(_ type: String) async throws -> Int {
      try await log.read(after: .start, limit: 10_000, filter: .types([type])).count
    }
  }

  private func withPath(_ body: (Path) async throws -> Void) async throws {
    try await withRedis { configuration in
      let redis = RedisClient(configuration: configuration)
      try await withEventLog(redis: redis) { log, pool in try await body(Path(log: log, pool: pool, redis: redis)) }
      await redis.close()
    }
  }
}
