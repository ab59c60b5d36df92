// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres
import Testing

/// What appends that share a transaction owe each other: nothing.
struct GroupCommitTests {
  private func stream(_ id: some CustomStringConvertible) -> StreamName { StreamName(category: "test", id: "\(id)") }

  @Test func whatArrivesTogetherIsCommittedTogether() async throws {
    try await withEventLog { log, _ in
      try await withThrowingTaskGroup { group in
        for index in 0..<300 {
          group.addTask { _ = try await log.append(to: stream(index), expected: .noStream, [testEvent()]) }
        }
        try await group.waitForAll()
      }
      let events = try await log.read(after: .start, limit: 1000)
      #expect(events.map(\.position.rawValue) == Array(1...300))
      // One time a transaction: far fewer times than events means that they shared.
      #expect(Set(events.map(\.recordedAt)).count < 150)
    }
  }

  @Test func oneThatTheDatabaseCannotTakeFailsAlone() async throws {
    try await withEventLog { log, _ in
      let outcomes = await withTaskGroup { group in
        for index in 0..<20 {
          group.addTask {
            let payload = index == 7 ? "not JSON" : "{}"
            let event = NewEvent(type: "test.happened", schemaVersion: 1, payload: Array(payload.utf8))
            do {
              _ = try await log.append(to: stream(index), expected: .noStream, [event])
              return (index, nil as (any Error)?)
            } catch { return (index, error) }
          }
        }
        return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
      }
      #expect(Set(outcomes.keys) == [7])
      #expect((outcomes[7] as? PostgresError)?.sqlState == "22P02", "invalid_text_representation")
      let head = try await log.head()
      #expect(head == Position(19))
    }
  }

  @Test func aCancelledCallerLosesNobodyElsesAppend() async throws {
    try await withEventLog { log, _ in
      let cancelled = (0..<50).map { index in
        Task { try await log.append(to: stream("cancelled\(index)"), expected: .noStream, [testEvent()]) }
      }
      let kept = (0..<50).map { index in
        Task { try await log.append(to: stream("kept\(index)"), expected: .noStream, [testEvent()]) }
      }
      for task in cancelled { task.cancel() }
      for task in kept { _ = try await task.value }
      var appended = 0
      for task in cancelled {
        switch await task.result {
        case .success: appended += 1
        case .failure(let error): #expect(error is CancellationError)
        }
      }
      // Cancelled means: did not happen. Anything else was appended.
      #expect(try await log.head() == Position(Int64(50 + appended)))
    }
  }

  @Test func manyAppendsOfOneStreamChain() async throws {
    try await withEventLog { log, _ in
      try await withThrowingTaskGroup { group in
        for _ in 0..<200 {
          group.addTask { _ = try await log.append(to: stream("a"), expected: .any, [testEvent(), testEvent()]) }
        }
        try await group.waitForAll()
      }
      let events = try await log.read(stream: stream("a"), after: 0, limit: 1000)
      #expect(events.map(\.version) == Array(1...400))
      #expect(events.map(\.position.rawValue) == Array(1...400))
    }
  }

  @Test func timesNeverGoBackEvenWhenTheClockDoes() async throws {
    try await withEventLog { log, pool in
      let future = Date(timeIntervalSinceNow: 3600)
      // As if the last append had been made by a machine whose clock is an hour ahead.
      try await pool.execute("UPDATE log.head SET recorded_at = \(future)")
      _ = try await log.append(to: stream("a"), expected: .noStream, [testEvent()])
      let recorded = try await log.read(after: .start, limit: 1)[0].recordedAt
      #expect(abs(recorded.timeIntervalSince(future)) < 0.001)
    }
  }
}
