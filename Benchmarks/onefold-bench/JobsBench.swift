// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Workers

/// Jobs that do nothing, done by worker processes of their own: each is accepted in the log, carried through Redis, and its end is in the log.
struct JobsBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "Jobs done a second by worker processes.")

  @OptionGroup var places: JobsHouse.Places
  @Option(help: "How many jobs.") var jobs = 60_000
  @Option(help: "Worker processes.") var workers = 2
  @Option(help: "Jobs a worker holds at a time.") var concurrency = 1024
  @Option(help: "Whose jobs they are.") var owners = 10
  @Flag(help: "From the first job accepted to the last done; else from when all of them wait in Redis.") var through =
    false

  func run() async throws {
    let house = try JobsHouse(places)
    let rate = try await house.running([house.relay()]) {
      // What a first job warms is warm.
      let rate = try await measure(house)
      return rate
    }
    await house.close()
    rate.report()
  }

  private func measure(_ house: JobsHouse) async throws -> Rate {
    let begin = try await house.log.head()
    if through {
      let processes = try startWorkers()
      defer { stop(processes) }
      try await warm(house)
      let begin = try await house.log.head()
      return try await Rate.measure {
        try await house.submit(jobs, owners: owners)
        try await house.wait(until: Position(begin.rawValue + Int64(2 * jobs)))
        return jobs
      }
    }
    try await house.submit(jobs, owners: owners)
    let accepted = Position(begin.rawValue + Int64(jobs))
    try await house.untilRelayed(accepted)
    let processes = try startWorkers()
    defer { stop(processes) }
    // From the first that is done, so that starting the processes does not count.
    try await house.wait(until: Position(accepted.rawValue + 1))
    let done = Int(try await house.log.head().rawValue - accepted.rawValue)
    return try await Rate.measure {
      try await house.wait(until: Position(accepted.rawValue + Int64(jobs)))
      return jobs - done
    }
  }

  private func warm(_ house: JobsHouse) async throws {
    let begin = try await house.log.head()
    try await house.submit(2000, owners: owners)
    try await house.wait(until: Position(begin.rawValue + 4000))
  }

  private func startWorkers() throws -> [Process] {
    try (0..<workers).map { _ in
      let process = Process()
      process.executableURL = URL(filePath: CommandLine.arguments[0])
      process.arguments = [
        JobsWorker._commandName, "--url", places.url, "--redis-url", places.redisURL, "--concurrency",
        String(concurrency),
      ]
      try process.run()
      return process
    }
  }

  private func stop(_ processes: [Process]) {
    for process in processes { process.terminate() }
    for process in processes { process.waitUntilExit() }
  }
}

/// One of its worker processes: runs until SIGTERM.
struct JobsWorker: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs-worker", abstract: "Do jobs that do nothing.", shouldDisplay: false)

  @OptionGroup var places: JobsHouse.Places
  @Option var concurrency = 128

  func run() async throws {
    let house = try JobsHouse(places)
    let workers = house.workers("worker", concurrency: concurrency, ProbeJob(log: house.log))
    try await house.running([workers]) {
      // Until the signal's default action, as if killed: what is held then is no one's loss.
      while true { try await Task.sleep(for: .seconds(3600)) }
    }
  }
}
