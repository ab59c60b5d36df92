// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis
import ServiceLifecycle
import Workers

/// A log and a Redis, and what the benchmarks of jobs do with them.
struct JobsHouse: Sendable {
  let log: PostgresEventLog
  let pool: PostgresPool
  let redis: RedisClient
  let quiet = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })

  struct Places: ParsableArguments {
    @Option(help: "A database with the log's tables.") var url: String
    @Option(help: "A Redis for this alone.") var redisURL: String
  }

  init(_ places: Places) throws {
    pool = PostgresPool(
      configuration: PostgresConfiguration(url: places.url, role: "onefold_app"), size: 8, logger: quiet)
    redis = RedisClient(configuration: try RedisConfiguration(url: places.redisURL), logger: quiet)
    log = PostgresEventLog(pool: pool, redis: redis, logger: quiet)
  }

  /// Begins at the head: no job of an earlier run is open.
  func relay() async throws -> Relay {
    let head = try await log.head()
    return Relay(log: log, pool: pool, redis: redis, target: JobRelay(log: log) { head }, logger: quiet)
  }

  func workers(_ name: String, concurrency: Int, _ handler: any JobHandler) -> WorkerPool {
    var options = WorkerOptions()
    options.consumer = "\(name)-\(ProcessInfo.processInfo.processIdentifier)"
    options.concurrency = concurrency
    return WorkerPool(redis: redis, log: log, handlers: [handler], options: options, logger: quiet)
  }

  /// Runs services while `body` does.
  func running<Value>(_ services: [any Service], _ body: () async throws -> Value) async throws -> Value {
    let group = ServiceGroup(
      configuration: .init(services: ([log] + services).map { .init(service: $0) }, logger: quiet))
    async let ended: Void = group.run()
    let result: Result<Value, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await ended
    return try result.get()
  }

  /// Accepts jobs, five hundred in an append, some appends at a time. Returns when all are durable.
  func submit(_ count: Int, owners: Int) async throws {
    let submission = JobSubmission(log: log)
    let owners = (0..<owners).map { _ in UUID.v7() }
    try await withThrowingDiscardingTaskGroup { group in
      for writer in 0..<4 {
        group.addTask {
          for start in stride(from: writer * 500, to: count, by: 2000) {
            try await submission.submit(
              (start..<min(count, start + 500)).map {
                JobRequest(kind: .probe, jobClass: .bulk, owner: owners[$0 % owners.count])
              })
          }
        }
      }
    }
  }

  /// Returns when the log has come so far.
  func wait(until position: Position) async throws {
    while try await log.head() < position { try await Task.sleep(for: .milliseconds(2)) }
  }

  func untilRelayed(_ position: Position) async throws {
    while (try await redis.command(["GET", .string(Relay.marker)]).int).map({ $0 < Int(position.rawValue) }) ?? true {
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  func close() async {
    await redis.close()
    await pool.close()
  }
}

extension [Duration] {
  func percentile(_ percent: Int) -> Duration { sorted()[Swift.min(count - 1, count * percent / 100)] }
}
