// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Logging
import Postgres
import Projections

/// Appends at a steady rate while every projection follows. Prints how many milliseconds after its acknowledgement 99 of 100 appends are
/// in every read table.
struct LagBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lag", abstract: "Lag of the read tables under a steady load, 99th percentile in milliseconds.")

  @Option(help: "A database with the log's tables.") var url: String
  @Option(help: "Events a second.") var rate = 5000
  @Option(help: "How long, in seconds.") var seconds = 5.0

  /// Appends are issued in bursts this far apart.
  private static let tick = Duration.milliseconds(10)

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: url, role: "onefold_app"), size: 16, logger: logger)
    let log = PostgresEventLog(pool: pool, redis: nil, logger: logger)
    let positions = ProjectionPositions(pool: pool)
    let lags = try await withThrowingTaskGroup(of: Void.self) { group in
      for projection in ProjectionCatalog.all {
        let runner = ProjectionRunner(projection, pool: pool, log: log, positions: positions, logger: logger)
        group.addTask { try await runner.run() }
      }
      let lags = try await load(log, positions)
      group.cancelAll()
      return lags
    }
    await pool.close()
    // What is there to be warmed is warm by then.
    let settled = lags.dropFirst(lags.count / 5).sorted()
    guard !settled.isEmpty else { throw ValidationError("Nothing was measured.") }
    print(settled[settled.count * 99 / 100] / .milliseconds(1))
  }

  /// One lag for each append, in the order of the appends.
  private func load(_ log: PostgresEventLog, _ positions: ProjectionPositions) async throws -> [Duration] {
    var history = SyntheticHistory(owners: 50, seed: .random(in: 0...UInt64.max))
    let ticks = Int(seconds * 100)
    return try await withThrowingTaskGroup(of: (Int, Duration).self) { group in
      var (number, events) = (0, 0)
      let start = ContinuousClock.now
      for tick in 0..<ticks {
        try await Task.sleep(until: start + Self.tick * tick, clock: .continuous)
        while events < (tick + 1) * rate / 100, let append = history.next() {
          events += append.count
          number += 1
          group.addTask { [number] in
            let position = try await log.append(append).last
            let acknowledged = ContinuousClock.now
            try await positions.wait(for: ProjectionCatalog.names, toReach: position, timeout: .seconds(60))
            return (number, acknowledged.duration(to: .now))
          }
        }
      }
      var lags: [(Int, Duration)] = []
      for try await lag in group { lags.append(lag) }
      return lags.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }
}
