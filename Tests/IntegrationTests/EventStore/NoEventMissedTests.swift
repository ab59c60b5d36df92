// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import EventStore

/// The log's first promise: whoever follows it misses nothing and sees everything in order, whatever writers do. `onefold doctor feed` holds
/// the same trial on any database.
@Suite(.serialized)
struct NoEventMissedTests {
  private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// Killed sessions included; their role must be allowed to end each other.
  private func trial(
    events: Int, writers: Int, readers: [FeedReader] = FeedReader.all
  ) async throws -> FeedReport {
    try await withMigratedDatabase { configuration in
      var owner = configuration
      owner.role = nil
      let seed = ProcessInfo.processInfo.environment["SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64(UInt32.max))
      var trial = FeedTrial(database: configuration, seed: seed, logger: Self.logger)
      trial.events = events
      trial.writers = writers
      trial.readers = readers
      trial.disturbances = [.killingSessions(of: owner, times: 20, logger: Self.logger)]
      return try await trial.run()
    }
  }

  @Test(.timeLimit(.minutes(5)))
  func readersByPositionCategoryTypeAndOwnerMissNothing() async throws {
    let report = try await trial(events: 100_000, writers: 64)
    #expect(report.failures == [])
    #expect(report.events > 100_000)
    #expect(report.rolledBack > 0)
    #expect(report.disturbed["sessions killed", default: 0] > 0)
    #expect(report.readings.allSatisfy { $0.count > 1000 })
    print(
      "no event missed: \(report.events) events, \(report.writers) writers, \(report.rolledBack) rollbacks, "
        + "\(report.disturbed), \(report.readings.count) readers: \(report.summary); seed \(report.seed), \(report.duration)"
    )
  }

  /// The same trial with a reader that leaves out every thousandth event.
  @Test(.timeLimit(.minutes(1)))
  func aReaderThatMissesIsFoundAndTheEventsAreNamed() async throws {
    let broken = FeedReader("broken", .all) { log, position in
      EventPages(start: position) { cursor, _ in
        var page = try await log.page(after: cursor, limit: 500, filter: .all)
        page.events.removeAll { $0.position.rawValue % 1000 == 7 && $0.position < Position(3000) }
        return page
      } wait: { cursor in
        await log.wait(past: cursor, timeout: .milliseconds(100))
      }
    }
    let report = try await trial(events: 3000, writers: 8, readers: FeedReader.all + [broken])
    #expect(!report.holds)
    let skipped = [7, 1007, 2007].map { Position($0) }
    #expect(report.readings.first { $0.name == "broken" }?.skipped == skipped)
    #expect(report.failures == ["the reader of broken skipped: 7, 1007, 2007"])
  }
}
