// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// Optimistic concurrency between processes: each client has a log of its own, so no two share a transaction.
struct OneWinnerTests {
  private static let clients = 64

  @Test func ofSixtyFourClientsAtOneExpectedVersionOneWins() async throws {
    try await withMigratedDatabase { configuration in
      let (start, rounds, seed) = (ContinuousClock.now, Trials.count(30), Trials.seed())
      var random = SeededGenerator(seed: seed)
      let pool = PostgresPool(configuration: configuration, size: 24, logger: Logger(label: "test"))
      let logs = (0..<Self.clients).map { _ in PostgresEventLog(pool: pool, redis: nil) }
      let stream = StreamName(category: "test", id: "contested")
      for round in 0..<rounds {
        let outcomes = await withTaskGroup { group in
          for log in logs.shuffled(using: &random) {
            group.addTask { () -> EventLogError? in
              do {
                _ = try await log.append(to: stream, expected: .exactly(Int64(round)), [testEvent()])
                return nil
              } catch {
                return error as? EventLogError
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1, "round \(round)")
        let conflict = EventLogError.versionConflict(
          stream: stream, expected: .exactly(Int64(round)), current: Int64(round + 1))
        #expect(outcomes.count { $0 == conflict } == Self.clients - 1, "round \(round)")
      }
      let head = try await logs[0].head()
      #expect(head == Position(Int64(rounds)))
      Trials.held(17, "\(rounds) rounds", seed: seed, since: start, "\(Self.clients) clients", "winners \(head)")
      await pool.close()
    }
  }

  @Test func theSameAppendFromManyClientsGoesInOnce() async throws {
    try await withMigratedDatabase { configuration in
      let pool = PostgresPool(configuration: configuration, size: 24, logger: Logger(label: "test"))
      let logs = (0..<16).map { _ in PostgresEventLog(pool: pool, redis: nil) }
      for round in 0..<10 {
        let append = [
          StreamAppend(
            stream: StreamName(category: "test", id: "\(round)"), expected: .noStream,
            events: [testEvent(), testEvent()])
        ]
        let results = try await withThrowingTaskGroup { group in
          for log in logs { group.addTask { try await log.append(append) } }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { !$0.isRepeat } == 1)
        #expect(Set(results.map(\.first)) == [Position(Int64(round * 2 + 1))])
        #expect(Set(results.map(\.last)) == [Position(Int64(round * 2 + 2))])
      }
      await pool.close()
    }
  }
}
