// SPDX-License-Identifier: Apache-2.0

import EventStore
import Logging
import Postgres
import TestSupport
import Testing

/// Connections that are cut under the appender: what was acknowledged is there once, and what was not may be sent again.
struct LostConnectionTests {
  @Test func appendsGoOnWhileTheirConnectionsAreCut() async throws {
    try await withMigratedDatabase { configuration in
      let pool = PostgresPool(configuration: configuration, size: 4, logger: Logger(label: "test"))
      let log = PostgresEventLog(pool: pool, redis: nil, logger: Logger(label: "test"))
      var owner = configuration
      owner.role = nil
      let assassin = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
      let killing = Task {
        var killed = 0
        for cut in 1...20 {
          await log.wait(past: Position(Int64(cut * 15)), timeout: .seconds(10))
          let rows = try await assassin.query(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
          killed += try rows[0].decode(0, as: Int.self)
        }
        return killed
      }
      let appends = 400
      try await withThrowingTaskGroup { group in
        for writer in 0..<8 {
          group.addTask {
            for index in 0..<appends / 8 {
              let stream = StreamName(category: "test", id: "\(writer)")
              // Alternately the fast way and the slow way.
              let expected = index.isMultiple(of: 2) ? ExpectedVersion.exactly(Int64(index)) : .any
              let append = [StreamAppend(stream: stream, expected: expected, events: [testEvent()])]
              while true {
                do {
                  _ = try await log.append(append)
                  break
                } catch let error as PostgresError where error.code == .commitUnknown || error.isTransient {
                  continue  // The same ids: safe.
                }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let killed = try await killing.value
      await assassin.close()
      let events = try await log.read(after: .start, limit: 1000)
      #expect(events.map(\.position.rawValue) == Array(1...Int64(appends)), "each once, without a hole")
      #expect(killed > 0)
      print("lost connections: appends \(appends), connections cut \(killed), lost 0, doubled 0")
      await pool.close()
    }
  }
}
