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
  private static let rounds = 30

  @Test func ofSixtyFourClientsAtOneExpectedVersionOneWins() async throws {
    try await withMigratedDatabase { configuration in
      let start = ContinuousClock.now
      let pool = PostgresPool(configuration: configuration, size: 24, logger: Logger(label: "test"))
      let logs = (0..<Self.clients).map { _ in PostgresEventLog(pool: pool, redis: nil) }
      let stream = StreamName(category: "test", id: "contested")
      for round in 0..<Self.rounds {
        let outcomes = await withTaskGroup { group in
          for log in logs {
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
      #expect(head == Position(Int64(Self.rounds)))
      print("one winner: \(Self.clients) clients, \(Self.rounds) rounds, winners \(head); \(start.duration(to: .now))")
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
