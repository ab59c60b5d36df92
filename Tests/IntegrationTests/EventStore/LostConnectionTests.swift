// SPDX-License-Identifier: Apache-2.0

import Logging
import Postgres
import TestSupport
import Testing

@testable import EventStore

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

  /// The server has committed and says so, and nobody hears it.
  @Test func aCommitWhoseAnswerIsCutOffIsFoundByAskingTheLog() async throws {
    try await withCutLog { log, proxy, direct in
      let rounds = 20, writers = 8
      for round in 0..<rounds {
        // Prepares every statement on the new connection: the answers to that come before any commit.
        try await appendTogether(log, direct, round: 2 * round, writers)
        // The first goes alone; the second transaction is that of all the others, whose answer is cut.
        let results = try await appendTogether(log, direct, round: 2 * round + 1, writers) { proxy.cut(after: 1) }
        #expect(results.count { $0.isRepeat } == writers - 1, "found in the log, with the first result")
        #expect(Set(results.map(\.first)).count == writers)
      }
      #expect(proxy.cuts == rounds)
      let events = try await direct.read(after: .start, limit: 1000)
      #expect(events.map(\.position.rawValue) == Array(1...Int64(2 * rounds * writers)), "each once, without a hole")
      print("answers cut off: batches \(rounds) of \(writers - 1), lost 0, doubled 0")
    }
  }

  /// Nobody can say what became of it for longer than the log tries; when it can be reached again, it tells.
  @Test func anUnknownCommitIsTheCallersToAskAbout() async throws {
    try await withCutLog { log, proxy, direct in
      _ = try await log.append(to: StreamName(category: "test", id: "warm"), expected: .noStream, [testEvent()])
      let append = [
        StreamAppend(stream: StreamName(category: "test", id: "a"), expected: .noStream, events: [testEvent()])
      ]
      proxy.cutAndRefuse()
      let error = await #expect(throws: PostgresError.self) { try await log.append(append) }
      #expect(error?.code == .commitUnknown)
      proxy.pass()
      let answer = try await log.append(append)
      #expect(answer.isRepeat && answer.first == Position(2) && answer.versions == [append[0].stream: 1])
      #expect(try await direct.head() == Position(2))
    }
  }

  /// - Parameter body: gets a log behind a proxy, the proxy, and a log beside it.
  private func withCutLog(
    _ body: (PostgresEventLog, PostgresProxy, PostgresEventLog) async throws -> Void
  ) async throws {
    try await withMigratedDatabase { configuration in
      let logger = Logger(label: "test")
      let proxy = try PostgresProxy(to: configuration)
      defer { proxy.close() }
      let pool = PostgresPool(configuration: proxy.configuration(configuration), size: 2, logger: logger)
      let direct = PostgresPool(configuration: configuration, size: 4, logger: logger)
      try await body(
        PostgresEventLog(pool: pool, redis: nil, logger: logger), proxy,
        PostgresEventLog(pool: direct, redis: nil, logger: logger))
      await pool.close()
      await direct.close()
    }
  }

  /// Holds the log's lock until one append is under way and all others wait behind it, so that these are one transaction.
  ///
  /// - Parameter release: called right before the lock is given back.
  @discardableResult
  private func appendTogether(
    _ log: PostgresEventLog, _ direct: PostgresEventLog, round: Int, _ writers: Int, release: () -> Void = {}
  ) async throws -> [AppendResult] {
    @Sendable func append(_ writer: Int) async throws -> AppendResult {
      let stream = StreamName(category: "test", id: "\(round)-\(writer)")
      return try await log.append(to: stream, expected: .noStream, [testEvent()])
    }
    return try await withThrowingTaskGroup(of: AppendResult.self) { group in
      try await direct.holdingHead { waiters in
        group.addTask { try await append(0) }
        try await eventually { try await waiters() == 1 }
        for writer in 1..<writers { group.addTask { try await append(writer) } }
        try await eventually { log.waitingCount == writers - 1 }
        release()
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
  }
}

extension PostgresEventLog {
  /// - Parameter body: is given the number of sessions that wait for the lock.
  fileprivate func holdingHead(_ body: (() async throws -> Int) async throws -> Void) async throws {
    try await pool.transaction { connection in
      _ = try await connection.query(Statements.lockHead)
      try await body {
        try await pool.query(
          """
          SELECT count(*)
          FROM pg_locks
          JOIN pg_stat_activity USING (pid)
          WHERE datname = current_database() AND NOT granted
          """
        )[0].decode(0)
      }
    }
  }

  fileprivate var waitingCount: Int { group.waitingCount }
}
