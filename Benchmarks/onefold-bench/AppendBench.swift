// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Logging
import Postgres

/// Appends of one event each to streams of their own, by writers that wait for every answer.
struct AppendBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "append", abstract: "Events appended a second, or the median time of an append.")

  @Option(help: "A database with the log's tables.") var url: String
  @Option(help: "Writers at a time.") var writers = 8
  @Option(help: "How long to append, in seconds.") var seconds = 4.0
  @Flag(help: "Print the median time of an append, in microseconds.") var latency = false

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: url, role: "onefold_app"), size: 4, logger: logger)
    let log = PostgresEventLog(pool: pool, redis: nil, logger: logger)
    // The first appends open connections and prepare statements.
    _ = try await append(to: log, for: .milliseconds(500))
    var times: [Duration] = []
    let rate = try await Rate.measure {
      times = try await append(to: log, for: .seconds(seconds))
      return times.count
    }
    await pool.close()
    if latency { print(times.sorted()[times.count / 2] / .microseconds(1)) } else { rate.report() }
  }

  /// How long each append took.
  private func append(to log: PostgresEventLog, for duration: Duration) async throws -> [Duration] {
    let deadline = ContinuousClock.now + duration
    // 300 bytes, as the events of a file have.
    let payload = Array(#"{"text":"\#(String(repeating: "x", count: 289))"}"#.utf8)
    let owner = UUID.v7()
    return try await withThrowingTaskGroup(of: [Duration].self) { group in
      for _ in 0..<writers {
        group.addTask {
          var times: [Duration] = []
          var start = ContinuousClock.now
          while start < deadline {
            let event = NewEvent(
              type: "bench.appended", schemaVersion: 1, payload: payload, owner: owner, actor: owner)
            _ = try await log.append([
              StreamAppend(stream: StreamName(category: "bench", id: .v7()), expected: .noStream, events: [event])
            ])
            let end = ContinuousClock.now
            times.append(start.duration(to: end))
            start = end
          }
          return times
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
  }
}
