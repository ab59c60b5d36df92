// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

@testable import Postgres

@Suite("Postgres: pool")
struct PostgresPoolTests {
  struct Abort: Error {}

  /// What happened, in order.
  final class Notes: Sendable {
    private let notes = Mutex<[Int]>([])
    var all: [Int] { notes.withLock { $0 } }
    func add(_ note: Int) { notes.withLock { $0.append(note) } }
  }

  @discardableResult
  func withPool<Value>(
    size: Int = 1, acquireTimeout: Duration = .seconds(10), _ body: (PostgresPool) async throws -> Value
  ) async throws -> Value {
    try await withDatabase { configuration in
      let pool = PostgresPool(configuration: configuration, size: size, acquireTimeout: acquireTimeout, logger: logger)
      let value = try await body(pool)
      await pool.close()
      return value
    }
  }

  func backend(_ pool: PostgresPool) async throws -> Int {
    try await pool.query("SELECT pg_backend_pid()")[0].decode(0, as: Int.self)
  }

  @Test func opensConnectionsOnlyWhenNeededAndUsesThemAgain() async throws {
    try await withPool(size: 5) { pool in
      #expect(pool.counts == PoolCounts())
      let first = try await backend(pool)
      let second = try await backend(pool)
      #expect(first == second)
      #expect(pool.counts == PoolCounts(idle: 1))
    }
  }

  @Test func manyTasksShareFewConnections() async throws {
    try await withPool(size: 3, acquireTimeout: .seconds(120)) { pool in
      let sum = try await withThrowingTaskGroup { group in
        for number in 1...500 {
          group.addTask { try await pool.query("SELECT \(number)")[0].decode(0, as: Int.self) }
        }
        return try await group.reduce(0, +)
      }
      #expect(sum == 500 * 501 / 2)
      let counts = pool.counts
      #expect(counts.idle <= 3 && counts.lent == 0 && counts.waiting == 0 && counts.connecting == 0)
    }
  }

  @Test func waitersAreServedInOrder() async throws {
    try await withPool { pool in
      let order = Notes()
      try await withThrowingTaskGroup { group in
        try await pool.withConnection { _ in
          for number in 0..<20 {
            group.addTask { try await pool.withConnection { _ in order.add(number) } }
            try await eventually("the waiter never stood in line") { pool.counts.waiting == number + 1 }
          }
        }
        try await group.waitForAll()
      }
      #expect(order.all == Array(0..<20))
    }
  }

  @Test func waitingLongerThanTheLimitIsAnErrorOfTheCaller() async throws {
    try await withPool(acquireTimeout: .milliseconds(50)) { pool in
      try await pool.withConnection { _ in
        let line = #line + 1
        func borrow() async throws { try await pool.withConnection { _ in } }
        let error = await #expect(throws: PostgresError.self) { try await borrow() }
        #expect(error?.code == .poolTimeout)
        #expect(error?.isTransient == true)
        #expect(error?.line == line)
        #expect(pool.counts.waiting == 0)
      }
      let later = try await backend(pool)
      #expect(later > 0)
    }
  }

  @Test func cancelledWaiterLeavesTheLine() async throws {
    try await withPool { pool in
      try await pool.withConnection { _ in
        let waiting = Task { try await pool.withConnection { _ in } }
        try await eventually("nobody waits") { pool.counts.waiting == 1 }
        waiting.cancel()
        let error = await #expect(throws: PostgresError.self) { try await waiting.value }
        #expect(error?.code == .cancelled)
        #expect(pool.counts == PoolCounts(lent: 1))
      }
    }
  }

  @Test func errorOfTheBodyGivesTheConnectionBack() async throws {
    try await withPool { pool in
      await #expect(throws: Abort.self) { try await pool.withConnection { _ in throw Abort() } }
      await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1 / 0") }
      #expect(pool.counts == PoolCounts(idle: 1))
    }
  }

  @Test func transactionLeftOpenIsRolledBackBeforeTheNextBorrower() async throws {
    try await withPool { pool in
      try await pool.withConnection { try await $0.script("CREATE TABLE t (n int)") }
      try await pool.withConnection { try await $0.script("BEGIN; INSERT INTO t VALUES (1)") }
      let rows = try await pool.query("SELECT n FROM t")
      #expect(rows.isEmpty)
      try await pool.transaction { try await $0.execute("INSERT INTO t VALUES (2)") }
      let results = try await pool.pipeline(["INSERT INTO t VALUES (3)", "SELECT n FROM t ORDER BY n"])
      let numbers = try results[1].decode(Int.self)
      #expect(numbers == [2, 3])
      #expect(pool.counts == PoolCounts(idle: 1))
    }
  }

  @Test func copyLeftEarlyIsEndedBeforeTheNextBorrower() async throws {
    try await withPool { pool in
      try await pool.withConnection { connection in
        for try await _ in connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") { break }
        #expect(!connection.isReady)
      }
      #expect(pool.counts == PoolCounts(idle: 1))
      try await pool.execute("SELECT 1")
    }
  }

  @Test func connectionKilledWhileIdleIsReplacedUnnoticed() async throws {
    try await withPool { pool in
      let first = try await backend(pool)
      try await withPool { other in
        // The database is another one, the cluster the same.
        try await other.execute("SELECT pg_terminate_backend(\(Int32(first)), 5000)")
      }
      let second = try await backend(pool)
      #expect(first != second)
      #expect(pool.counts == PoolCounts(idle: 1))
    }
  }

  @Test func connectionLostInUseIsReplacedForTheWaiter() async throws {
    try await withPool { pool in
      async let waiter = pool.withConnection { connection in
        let error = await #expect(throws: PostgresError.self) {
          try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())")
        }
        #expect(error?.code == .connection)
      }
      async let next: Int = backend(pool)
      try await waiter
      let process = try await next
      #expect(process > 0)
    }
  }

  @Test func unreachableServerIsAnErrorForEachAndLosesNoPlace() async throws {
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: "postgres:///x?host=/nowhere"), size: 2, logger: logger)
    let failures = await withTaskGroup { group in
      for _ in 0..<20 {
        group.addTask {
          do {
            try await pool.execute("SELECT 1")
            return 0
          } catch {
            return (error as? PostgresError)?.code == .connection ? 1 : 0
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(failures == 20)
    #expect(pool.counts == PoolCounts())
    await pool.close()
  }

  @Test func closeAwaitsWhatIsLentAndRefusesTheRest() async throws {
    try await withPool { pool in
      let closed = Notes()
      let closing = try await pool.withConnection { connection in
        let waiting = Task { try await pool.execute("SELECT 1") }
        try await eventually("nobody waits") { pool.counts.waiting == 1 }
        let closing = Task {
          await pool.close()
          closed.add(1)
        }
        let error = await #expect(throws: PostgresError.self) { try await waiting.value }
        #expect(error?.code == .closed)
        // Whoever has a connection finishes in peace.
        try await connection.execute("SELECT 1")
        #expect(closed.all.isEmpty)
        return closing
      }
      await closing.value
      #expect(pool.counts == PoolCounts())
      let error = await #expect(throws: PostgresError.self) { try await pool.execute("SELECT 1") }
      #expect(error?.code == .closed)
    }
  }

  @Test func idleConnectionsAreClosedByAge() async throws {
    try await withPool(size: 2) { pool in
      try await pool.withConnection { _ in try await pool.execute("SELECT 1") }
      #expect(pool.counts == PoolCounts(idle: 2))
      await pool.closeIdle(since: .now - .seconds(60))
      #expect(pool.counts == PoolCounts(idle: 2))
      await pool.closeIdle(since: .now)
      #expect(pool.counts == PoolCounts())
      try await pool.execute("SELECT 1")
    }
  }

  @Test func gracefulShutdownClosesThePool() async throws {
    try await withDatabase { configuration in
      let pool = PostgresPool(
        configuration: configuration, size: 1, idleTimeout: .milliseconds(1), logger: logger)
      let services = ServiceGroup(services: [pool], logger: logger)
      try await withThrowingTaskGroup { group in
        group.addTask { try await services.run() }
        try await pool.execute("SELECT 1")
        // The service closes it: it has been idle for longer than a millisecond.
        try await eventually("the idle connection stays open") { pool.counts == PoolCounts() }
        try await pool.execute("SELECT 1")
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
      }
      let error = await #expect(throws: PostgresError.self) { try await pool.execute("SELECT 1") }
      #expect(error?.code == .closed)
    }
  }

  /// Starts, uses under cancellation and closes pools, again and again; whatever remained would be seen.
  @Test func survivesStartingStoppingAndCancelling() async throws {
    try await withDatabase { configuration in
      for round in 0..<20 {
        let pool = PostgresPool(
          configuration: configuration, size: 1 + round % 3, acquireTimeout: .milliseconds(200), logger: logger)
        await withTaskGroup { group in
          for number in 0..<40 {
            group.addTask {
              let work = Task { try await pool.query("SELECT count(*) FROM generate_series(1, 20000)") }
              for _ in 0..<(number % 11) { await Task.yield() }
              if number.isMultiple(of: 3) { work.cancel() }
              _ = await work.result
            }
          }
          if round.isMultiple(of: 4) { group.addTask { await pool.close() } }
        }
        let counts = pool.counts
        #expect(counts.lent == 0 && counts.connecting == 0 && counts.waiting == 0)
        await pool.close()
        #expect(pool.counts == PoolCounts())
      }
    }
  }
}
