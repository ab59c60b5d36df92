// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Postgres
import Redis
import Synchronization
import Workers

/// How long a job waits: from before it is accepted until its handler has it. Everything is in one process, as under `onefold up`.
struct JobsWaitBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs-wait", abstract: "How long jobs wait; prints percentiles 50 and 99 in milliseconds.")

  @OptionGroup var places: JobsHouse.Places
  @Option(help: "How many are measured, one after the other.") var jobs = 200
  @Option(help: "Jobs of another tenant that wait meanwhile.") var others = 0
  @Option(help: "How long a job takes, in milliseconds.") var length = 0
  @Option(help: "Jobs each of two pools holds at a time.") var concurrency = 16
  @Flag(help: "Instead: one INSERT of an event, and one entry handed over by a stream, each by itself.") var floor =
    false

  func run() async throws {
    let house = try JobsHouse(places)
    let waits = floor ? try await floors(house) : try await waits(house)
    await house.close()
    print(waits.percentile(50) / .milliseconds(1), waits.percentile(99) / .milliseconds(1))
  }

  private func waits(_ house: JobsHouse) async throws -> [Duration] {
    let starts = Starts()
    let handler = TimedJob(log: house.log, starts: starts, length: .milliseconds(length))
    let pools = ["one", "two"].map { house.workers($0, concurrency: concurrency, handler) }
    let submission = JobSubmission(log: house.log)
    let owner = UUID.v7()
    return try await house.running([house.relay()] + pools) {
      if others > 0 {
        try await house.submit(others, owners: 1)
        try await house.untilRelayed(try await house.log.head())
      }
      var waits: [Duration] = []
      for number in -20..<jobs {
        let request = JobRequest(kind: .probe, jobClass: .bulk, owner: owner)
        let start = ContinuousClock.now
        async let begun = starts.start(of: request.id)
        try await submission.submit(request)
        let wait = start.duration(to: await begun)
        if number >= 0 { waits.append(wait) }
        // Idle again, and not in step with anything.
        try await Task.sleep(for: .milliseconds(Int.random(in: 5...15)))
      }
      return waits
    }
  }

  /// The sum of the two, each measured alone, in order of size: the best that one job could do.
  private func floors(_ house: JobsHouse) async throws -> [Duration] {
    var inserts: [Duration] = []
    var handOvers: [Duration] = []
    let connection = try await PostgresConnection.connect(house.pool.configuration, logger: house.quiet)
    try await connection.script("CREATE TEMP TABLE raw (id uuid PRIMARY KEY, payload text)")
    _ = try await house.redis.command(["DEL", "raw"])
    let waiting = house.redis.blockingConnection()
    for number in 0..<(jobs + 20) {
      let payload = String(repeating: "x", count: 100)
      var start = ContinuousClock.now
      _ = try await connection.execute("INSERT INTO pg_temp.raw VALUES (\(UUID.v7()), \(payload))")
      if number >= 20 { inserts.append(start.duration(to: .now)) }
      async let batches = waiting.xread(
        [(stream: "raw", after: StreamID(milliseconds: UInt64(number)))], block: .seconds(5))
      try await Task.sleep(for: .milliseconds(5))
      start = .now
      try await house.redis.xadd("raw", id: StreamID(milliseconds: UInt64(number + 1)), fields: ["n": "1"])
      _ = try await batches
      if number >= 20 { handOvers.append(start.duration(to: .now)) }
    }
    await waiting.close()
    await connection.close()
    return zip(inserts.sorted(), handOvers.sorted()).map { $0 + $1 }
  }
}

/// When handlers got their jobs.
final class Starts: Sendable {
  private let waiting = Mutex<[UUID: CheckedContinuation<ContinuousClock.Instant, Never>]>([:])

  /// Asked before the job is submitted.
  func start(of job: UUID) async -> ContinuousClock.Instant {
    await withCheckedContinuation { continuation in waiting.withLock { $0[job] = continuation } }
  }

  func note(_ jobs: [OpenJob]) {
    let now = ContinuousClock.now
    for job in jobs { waiting.withLock { $0.removeValue(forKey: job.id) }?.resume(returning: now) }
  }
}

/// Takes some time, and no processor.
struct TimedJob: JobHandler {
  let kind = JobKind.probe
  let log: any EventLog
  let starts: Starts
  let length: Duration

  func perform(_ jobs: [OpenJob], report: JobReport) async {
    starts.note(jobs)
    if length > .zero { try? await Task.sleep(for: length) }
    await ProbeJob(log: log).perform(jobs, report: report)
  }
}
