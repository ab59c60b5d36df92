// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Logging
import Postgres

/// Catching up: a subscription from the start of the log to its head, every event decoded into a value.
struct ReadBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "read", abstract: "Events read a second, from the start.")

  @Option(help: "A database with a log that nobody appends to.") var url: String

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: url, role: "onefold_app"), size: 2, logger: logger)
    let log = PostgresEventLog(pool: pool, redis: nil, logger: logger)
    let head = try await log.head()
    let rate = try await Rate.measure {
      var count = 0
      for try await events in log.subscribe(after: .start) {
        count += events.count
        if events.last?.position == head { break }
      }
      return count
    }
    await pool.close()
    rate.report()
  }
}
