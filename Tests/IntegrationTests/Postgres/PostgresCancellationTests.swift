// SPDX-License-Identifier: Apache-2.0

import Postgres
import TestSupport
import Testing

@Suite("Postgres: cancellation")
struct PostgresCancellationTests {
  /// Waits until that session runs a statement that contains `text`.
  func untilRunning(_ text: String, watchedBy watcher: PostgresConnection) async throws {
    try await eventually("\(text) never ran") {
      try await watcher.query(
        """
        SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND pid <> pg_backend_pid()
          AND query LIKE '%' || \(text) || '%'
        """
      ).count > 0
    }
  }

  func withTwo(_ body: (PostgresConnection, PostgresConnection) async throws -> Void) async throws {
    try await withDatabase { configuration in
      let worker = try await PostgresConnection.connect(configuration, logger: logger)
      let watcher = try await PostgresConnection.connect(configuration, logger: logger)
      try await body(worker, watcher)
      await worker.close()
      await watcher.close()
    }
  }

  @Test func cancelledTaskStopsItsStatementOnTheServer() async throws {
    try await withTwo { worker, watcher in
      let start = ContinuousClock.now
      let task = Task { try await worker.query("SELECT pg_sleep(60)") }
      try await untilRunning("pg_sleep", watchedBy: watcher)
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      #expect(ContinuousClock.now - start < .seconds(30))
      #expect(worker.isUsable)
      #expect(try await worker.query("SELECT 1").count == 1)
    }
  }

  @Test func cancelledTransactionIsRolledBack() async throws {
    try await withTwo { worker, watcher in
      try await worker.script("CREATE TABLE t (n int)")
      let task = Task {
        try await worker.transaction { worker in
          try await worker.execute("INSERT INTO t VALUES (1)")
          try await worker.execute("SELECT pg_sleep(60)")
        }
      }
      try await untilRunning("pg_sleep", watchedBy: watcher)
      task.cancel()
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      #expect(try await worker.query("SELECT * FROM t").isEmpty)
    }
  }

  @Test func pipelineAndCopyAreStoppedToo() async throws {
    try await withTwo { worker, watcher in
      let pipeline = Task { try await worker.pipeline(["SELECT 1", "SELECT pg_sleep(60)", "SELECT 2"]) }
      try await untilRunning("pg_sleep", watchedBy: watcher)
      pipeline.cancel()
      let first = await #expect(throws: PostgresError.self) { try await pipeline.value }
      #expect(first?.code == .cancelled)

      let copy = Task {
        for try await _ in worker.copyOut("COPY (SELECT pg_sleep(60)) TO STDOUT") {}
      }
      try await untilRunning("COPY", watchedBy: watcher)
      copy.cancel()
      let second = await #expect(throws: PostgresError.self) { try await copy.value }
      #expect(second?.code == .cancelled)
      #expect(try await worker.query("SELECT 1").count == 1)
    }
  }

  @Test func cancelledTaskDoesNotBegin() async throws {
    try await withTwo { worker, _ in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await worker.script("CREATE TABLE t ()")
      }
      let error = await #expect(throws: PostgresError.self) { try await task.value }
      #expect(error?.code == .cancelled)
      let isAbsent = try await worker.query("SELECT to_regclass('t') IS NULL")[0].decode(0, as: Bool.self)
      #expect(isAbsent)
    }
  }

  /// A request that comes late must not stop the statement after the one it was meant for.
  @Test func lateRequestNeverHitsTheNextStatement() async throws {
    try await withTwo { worker, _ in
      var stopped = 0
      for round in 0..<300 {
        let task = Task { try await worker.query("SELECT count(*) FROM generate_series(1, \(round * 40))") }
        for _ in 0..<(round % 7) { await Task.yield() }
        task.cancel()
        do {
          _ = try await task.value
        } catch let error as PostgresError {
          #expect(error.code == .cancelled)
          stopped += 1
        }
        #expect(try await worker.query("SELECT \(round)")[0].decode(0, as: Int.self) == round)
      }
      #expect(stopped > 0)
    }
  }
}
