// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Logging
import Postgres
import Projections

/// Rebuilds every projection at the same time, from no live tables to switched in. Prints events of the log a second.
struct ReplayBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Drop all read tables and rebuild them from the log; prints events a second.")

  @Option(help: "A database with a log, as its owner.") var url: String

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let owner = try await PostgresConnection.connect(PostgresConfiguration(url: url), logger: logger)
    for name in ProjectionCatalog.names {
      _ = try await owner.query("DROP SCHEMA IF EXISTS \(identifier: name) CASCADE")
    }
    await owner.close()
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: url, role: "onefold_app"), size: 4, logger: logger)
    let log = PostgresEventLog(pool: pool, redis: nil, logger: logger)
    let head = try await log.head()
    let rate = try await Rate.measure {
      for result in await Rebuild.run(ProjectionCatalog.all, pool: pool, log: log, logger: logger) {
        let report = try result.get()
        guard report.position >= head, report.parked == 0 else {
          throw ValidationError("\(report.projection) came to \(report.position) and parked \(report.parked) events.")
        }
      }
      return Int(head.rawValue)
    }
    await pool.close()
    rate.report()
  }
}
