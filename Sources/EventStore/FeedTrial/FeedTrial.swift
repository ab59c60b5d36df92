// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
public import Logging
public import Postgres

/// Puts the log's first promise to the test on a real database: whoever follows it misses nothing, sees nothing twice, and sees
/// everything in order, whatever happens to those who append.
///
/// Writers append through several logs, as several processes would, and inside transactions of their own that pause before their commit
/// and are sometimes rolled back; sessions are killed under them. Readers follow live. In the end every reading, and every
/// acknowledgement, is held against the log.
///
/// The database must be the trial's own, empty but for the migrations: events cannot be taken out of it again.
public struct FeedTrial: Sendable {
  /// How many events are appended, at least.
  public var events = 100_000
  public var writers = 64
  /// Decides what each writer does and whom each disturbance meets. Which of them is faster is up to the machine, each time anew.
  public var seed: UInt64
  /// How many of the writers have connections of their own at most; the others append through the logs.
  public var connectionLimit = 48
  public var readers = FeedReader.all
  public var disturbances: [FeedDisturbance] = []
  /// Told how many events have been acknowledged so far.
  public var progress: @Sendable (Int) -> Void = { _ in }

  private let database: PostgresConfiguration
  private let logger: Logger

  /// How many logs there are, each with a pool and a group commit of its own.
  private static let logCount = 4

  public init(database: PostgresConfiguration, seed: UInt64, logger: Logger) {
    self.database = database
    self.seed = seed
    self.logger = logger
  }

  /// - Throws: what keeps the trial from being held: a database that does not come back within a minute, a cancellation.
  public func run() async throws -> FeedReport {
    let pools = (0..<Self.logCount).map {
      PostgresPool(configuration: database, size: 4, name: "trial\($0)", logger: logger)
    }
    let logs = pools.map { PostgresEventLog(pool: $0, redis: nil, logger: logger) }
    let result: Result<FeedReport, any Error>
    do { result = .success(try await run(on: logs)) } catch { result = .failure(error) }
    for pool in pools { await pool.close() }
    return try result.get()
  }

  private func run(on logs: [PostgresEventLog]) async throws -> FeedReport {
    let start = ContinuousClock.now
    let ledger = FeedLedger(target: events, progress: progress)
    let end = UUID.v7()
    async let readings = read(logs, until: end)
    async let disturbed = disturb(ledger)
    try await write(logs, ledger)
    ledger.close()
    try await Patience.persist { _ = try await logs[0].append([FeedWriter.end(end)]) }
    let truth = try await FeedTruth(reading: logs[0], until: end)
    return try await FeedReport(
      seed: seed, writers: writers, ledger: ledger, truth: truth, readings: readings, disturbed: disturbed,
      duration: start.duration(to: .now))
  }

  private func write(_ logs: [PostgresEventLog], _ ledger: FeedLedger) async throws {
    let connected = min(writers * 3 / 4, connectionLimit)
    try await withThrowingTaskGroup { group in
      for number in 0..<writers {
        group.addTask {
          var writer = FeedWriter(
            number: number, log: logs[number % logs.count], ledger: ledger, seed: seed,
            transactions: number < connected ? FeedTransactions(database: database, logger: logger) : nil)
          try await writer.run()
        }
      }
      try await group.waitForAll()
    }
  }

  private func read(_ logs: [PostgresEventLog], until end: UUID) async throws -> [FeedReading] {
    try await withThrowingTaskGroup { group in
      for (number, reader) in readers.enumerated() {
        group.addTask { try await reader.follow(logs[number % logs.count], until: end) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// How often each disturbance met someone.
  private func disturb(_ ledger: FeedLedger) async throws -> [String: Int] {
    try await withThrowingTaskGroup(of: (String, Int).self) { group in
      for disturbance in disturbances {
        group.addTask {
          (disturbance.name, try await disturbance.run(alongside: ledger, of: events, seed: seed))
        }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
  }
}
