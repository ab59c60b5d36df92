// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Redis
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Workers

/// A private Redis, a log in memory, and pools of workers that can be started, stopped and silenced.
struct WorkerBench {
  let redis: RedisClient
  let log = MemoryEventLog()
  let owner = UUID.v7()

  private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  static func run(_ body: (WorkerBench) async throws -> Void) async throws {
    try await withRedis { configuration in
      let redis = RedisClient(configuration: configuration, connections: 2)
      try await body(WorkerBench(redis: redis))
      await redis.close()
    }
  }

  struct Job {
    let id: UUID
    let entry: JobEntry
  }

  /// Appends an upload and puts its job where the relay would.
  @discardableResult
  func enqueue(_ jobClass: JobClass = .bulk) async throws -> Job {
    let job = try await append(jobClass)
    try await publish(job)
    return job
  }

  func append(_ jobClass: JobClass = .bulk) async throws -> Job {
    let file = FileUploaded(
      fileId: .v7(), path: "a", digest: Digest(bytes: Array(repeating: 1, count: 32)), size: 1, contentType: nil,
      jobClass: jobClass)
    let event = try NewEvent(file, owner: owner)
    let result = try await log.append(to: StreamName(category: "file", id: file.fileId), expected: .noStream, [event])
    return Job(
      id: event.id, entry: JobEntry(position: result.last, kind: .analyze, jobClass: jobClass, owner: owner))
  }

  func publish(_ job: Job) async throws { try await queue().add([job.entry]) }

  /// The queue as a consumer of this name sees it.
  func queue(_ consumer: String = "test", classes: Set<JobClass> = Set(JobClass.allCases)) -> JobQueue {
    JobQueue(redis: redis, consumer: consumer, classes: classes)
  }

  func pool(_ handler: any JobHandler, _ change: (inout WorkerOptions) -> Void = { _ in }) -> WorkerPool {
    var options = WorkerOptions()
    options.consumer = "one"
    options.retry = .exponentialJitter(maxAttempts: 3, first: .milliseconds(1), longest: .milliseconds(5))
    change(&options)
    return WorkerPool(redis: redis, log: log, handlers: [handler], options: options, logger: Self.quiet)
  }

  /// Runs pools while `body` does, then shuts them down gracefully and waits for their end.
  func running(_ pools: WorkerPool..., body: () async throws -> Void) async throws {
    let group = ServiceGroup(
      configuration: .init(
        services: pools.map { .init(service: $0) }, logger: Self.quiet))
    async let ended: Void = group.run()
    let result: Result<Void, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await ended
    try result.get()
  }

  func succeeded() async throws -> Set<UUID> {
    let events = try await log.read(after: .start, limit: 10_000, filter: .types([JobSucceeded.eventType]))
    return Set(try events.map { try $0.decode(JobSucceeded.self).jobId })
  }

  /// Jobs that are still anywhere but among the dead letters.
  func left() async throws -> Int { try await queue().lengths().values.reduce(0, +) }

  func pending(_ stream: String, of consumer: String) async throws -> [PendingEntry] {
    try await redis.xpending(stream, group: JobKeys.group, consumer: consumer, count: 1000)
  }
}

/// Does what a closure says, and ends the job in the log.
struct ClosureHandler: JobHandler {
  let kind = JobKind.analyze
  let log: any EventLog
  var work: @Sendable (OpenJob) async throws -> Void = { _ in }

  func perform(_ jobs: [OpenJob], report: JobReport) async {
    await withDiscardingTaskGroup { group in
      for job in jobs {
        group.addTask {
          do {
            try await work(job)
            let success = JobSucceeded(
              jobId: job.id, kind: kind, fileId: job.fileId ?? job.id,
              digest: Digest(bytes: Array(repeating: 1, count: 32)),
              size: 1, storedBytes: 1)
            do {
              _ = try await log.append([job.append(try job.event(success, named: "succeeded"))])
            } catch let error as EventLogError {
              throw JobFailure.ended(error)
            }
            await report(job, .success(()))
          } catch {
            await report(job, .failure(error))
          }
        }
      }
    }
  }
}

/// A door that tasks wait at.
final class Gate: Sendable {
  private struct State {
    var isOpen = false
    var arrivals = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  var arrivals: Int { state.withLock { $0.arrivals } }

  /// Waits until the gate is open, or until the task is cancelled.
  func pass() async throws {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let mayPass = state.withLock { state in
          state.arrivals += 1
          if state.isOpen || Task.isCancelled { return true }
          state.waiting.append(continuation)
          return false
        }
        if mayPass { continuation.resume() }
      }
    } onCancel: {
      release()
    }
    try Task.checkCancellation()
  }

  func open() {
    state.withLock { $0.isOpen = true }
    release()
  }

  private func release() {
    let waiting = state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }
}
