// SPDX-License-Identifier: Apache-2.0

import EventStore
import Postgres
import TestSupport
import Testing

/// `append(_:in:)`: facts that are committed together with other rows.
struct AppendInTransactionTests {
  private let stream = StreamName(category: "test", id: "a")

  private func append(_ expected: ExpectedVersion) -> [StreamAppend] {
    [StreamAppend(stream: stream, expected: expected, events: [testEvent()])]
  }

  @Test func eventsAppearWithTheCommit() async throws {
    try await withEventLog { log, pool in
      let result = try await pool.transaction { connection in
        let result = try await log.append(append(.noStream), in: connection)
        #expect(try await log.head() == .start, "nothing is seen before the commit")
        return result
      }
      #expect(result.untimed == AppendResult(first: Position(1), last: Position(1), versions: [stream: 1]))
      #expect(try await log.head() == Position(1))
    }
  }

  @Test func aRollbackLeavesNoHole() async throws {
    struct Changed: Error {}
    try await withEventLog { log, pool in
      await #expect(throws: Changed.self) {
        try await pool.transaction { connection in
          _ = try await log.append(append(.noStream), in: connection)
          throw Changed()
        }
      }
      let result = try await log.append(append(.noStream))
      #expect(result.first == Position(1))
    }
  }

  @Test func aConflictIsThrownAndLeavesTheTransactionUsable() async throws {
    try await withEventLog { log, pool in
      try await pool.transaction { connection in
        await #expect(throws: EventLogError.versionConflict(stream: stream, expected: .exactly(4), current: 0)) {
          try await log.append(append(.exactly(4)), in: connection)
        }
        _ = try await log.append(append(.noStream), in: connection)
      }
      #expect(try await log.head() == Position(1))
    }
  }
}
