// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
public import Logging
public import ServiceLifecycle
internal import Synchronization

/// Connections to one database, lent to one task at a time.
///
/// They are opened when they are needed, up to `size`; who must wait is served in order. A connection that was lost is
/// noticed before it is lent again, and replaced. The pool works from the moment it is made; ``run()`` only closes
/// what has been idle for long, and everything at shutdown.
///
/// Settings of a session (`SET`) outlast the borrower: use `SET LOCAL` in a transaction. A transaction left open is
/// rolled back.
public final class PostgresPool: Service, Sendable {
  private typealias Waiter = CheckedContinuation<Result<PoolGrant<PostgresConnection>, PostgresError>, Never>
  private typealias Machine = PoolStateMachine<PostgresConnection, Waiter>

  public let configuration: PostgresConfiguration
  public let name: String
  public let size: Int
  public let acquireTimeout: Duration
  /// ``run()`` closes connections that nobody has used for this long.
  public let idleTimeout: Duration

  private struct State {
    var machine: Machine
    var lastWaiter: UInt64 = 0
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  private let state: Mutex<State>
  private let logger: Logger
  private let metrics: PoolMetrics

  public init(
    configuration: PostgresConfiguration, size: Int, name: String = "main",
    acquireTimeout: Duration = .seconds(10), idleTimeout: Duration = .seconds(300), logger: Logger
  ) {
    self.configuration = configuration
    self.size = size
    self.name = name
    self.acquireTimeout = acquireTimeout
    self.idleTimeout = idleTimeout
    self.logger = logger
    state = Mutex(State(machine: Machine(limit: size)))
    metrics = PoolMetrics(pool: name)
  }

  // MARK: - Use

  /// Lends a connection to `body`, which must not keep it.
  ///
  /// - Throws: what `body` throws; `.poolTimeout`, `.connection`, `.cancelled` or `.closed` when none can be had.
  @discardableResult
  public func withConnection<Output>(
    file: String = #fileID, line: Int = #line, _ body: (PostgresConnection) async throws -> Output
  ) async throws -> Output {
    let connection: PostgresConnection
    do throws(PostgresError) {
      connection = try await acquire()
    } catch {
      throw error.at(file, line)
    }
    let output: Output
    do {
      output = try await body(connection)
    } catch {
      await release(connection)
      throw error
    }
    await release(connection)
    return output
  }

  /// ``PostgresConnection/query(_:file:line:)`` on a connection lent for it.
  public func query(_ query: Query, file: String = #fileID, line: Int = #line) async throws -> PostgresRows {
    try await withConnection(file: file, line: line) { try await $0.query(query, file: file, line: line) }
  }

  /// ``PostgresConnection/execute(_:file:line:)`` on a connection lent for it.
  @discardableResult
  public func execute(_ query: Query, file: String = #fileID, line: Int = #line) async throws -> Int {
    try await withConnection(file: file, line: line) { try await $0.execute(query, file: file, line: line) }
  }

  /// ``PostgresConnection/pipeline(_:file:line:)`` on a connection lent for it.
  public func pipeline(_ queries: [Query], file: String = #fileID, line: Int = #line) async throws -> [PostgresRows] {
    try await withConnection(file: file, line: line) { try await $0.pipeline(queries, file: file, line: line) }
  }

  /// ``PostgresConnection/transaction(_:file:line:_:)`` on a connection lent for it.
  @discardableResult
  public func transaction<Output>(
    _ options: TransactionOptions = TransactionOptions(), file: String = #fileID, line: Int = #line,
    _ body: (PostgresConnection) async throws -> Output
  ) async throws -> Output {
    try await withConnection(file: file, line: line) {
      try await $0.transaction(options, file: file, line: line, body)
    }
  }

  // MARK: - Life

  /// Closes what has been idle for long, until the graceful shutdown or cancellation; then closes the pool.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: self.idleTimeout / 4)
        await self.closeIdle(since: .now - self.idleTimeout)
      }
    }
    await close()
  }

  /// Refuses everybody from now on, waits for the connections that are lent, and closes all. May be called again.
  public func close() async {
    let (connections, waiters) = state.withLock { state in
      let (connections, waiters, _) = state.machine.close()
      return (connections, waiters)
    }
    for waiter in waiters { waiter.resume(returning: .failure(closed)) }
    for connection in connections { await connection.close() }
    await withCheckedContinuation { (closer: CheckedContinuation<Void, Never>) in
      let isDrained = state.withLock { state in
        let isDrained = state.machine.close().isDrained
        if !isDrained { state.closers.append(closer) }
        return isDrained
      }
      if isDrained { closer.resume() }
    }
    noteCounts()
  }

  func closeIdle(since: ContinuousClock.Instant) async {
    let connections = state.withLock { $0.machine.removeIdle(since: since) }
    for connection in connections { await connection.close() }
    noteCounts()
  }

  var counts: PoolCounts { state.withLock { $0.machine.counts } }

  // MARK: - Lending

  private func acquire() async throws(PostgresError) -> PostgresConnection {
    let start = ContinuousClock.now
    let grant: Machine.Grant
    if let immediate = state.withLock({ $0.machine.acquireImmediately() }) {
      grant = immediate
    } else {
      grant = try await wait(until: start + acquireTimeout)
    }
    metrics.record(wait: .now - start)
    defer { noteCounts() }
    switch grant {
    case .connect:
      return try await connect()
    case .lend(let connection):
      // The server may have ended the session while nobody used it; then something lies unread, or the end of file.
      if connection.isUsable {
        guard connection.hasUnreadInput else { return connection }
        if await connection.listen() { return connection }
      }
      logger.debug("Replacing a connection that was lost while idle", metadata: ["pool": "\(name)"])
      state.withLock { $0.machine.replace() }
      return try await connect()
    }
  }

  private func connect() async throws(PostgresError) -> PostgresConnection {
    do throws(PostgresError) {
      let connection = try await PostgresConnection.connect(configuration, logger: logger)
      state.withLock { $0.machine.connected() }
      return connection
    } catch {
      perform(state.withLock { $0.machine.connectFailed() })
      throw error
    }
  }

  private func wait(until deadline: ContinuousClock.Instant) async throws(PostgresError) -> Machine.Grant {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (waiter: Waiter) in enqueue(waiter, id, deadline) }
    } onCancel: {
      state.withLock { $0.machine.cancel(id) }?.resume(returning: .failure(cancelled))
    }
    return try result.get()
  }

  private func enqueue(_ waiter: Waiter, _ id: UInt64, _ deadline: ContinuousClock.Instant) {
    // Under the lock: a cancellation comes either before this look or after the waiter stands in line, where it is
    // found.
    let acquisition = state.withLock { state in
      Task.isCancelled ? nil : state.machine.acquire(waiter, id: id, deadline: deadline)
    }
    switch acquisition {
    case nil: waiter.resume(returning: .failure(cancelled))
    case .granted(let grant): waiter.resume(returning: .success(grant))
    case .refused: waiter.resume(returning: .failure(closed))
    case .waiting(let wakeAt):
      if let wakeAt { setTimer(wakeAt) }
      noteCounts()
    }
  }

  private func setTimer(_ instant: ContinuousClock.Instant) {
    let nanoseconds = max(0, (instant - .now) / .nanoseconds(1))
    DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(nanoseconds) + 1_000_000)) { [weak self] in
      self?.expire()
    }
  }

  private func expire() {
    let (expired, wakeAt) = state.withLock { $0.machine.expire(at: .now) }
    for waiter in expired { waiter.resume(returning: .failure(timedOut)) }
    if let wakeAt { setTimer(wakeAt) }
  }

  private func release(_ connection: PostgresConnection) async {
    // A clean connection goes back without a visit to its thread.
    let isReusable: Bool =
      if connection.isReady { true } else if connection.isUsable { await connection.reset() } else { false }
    perform(state.withLock { $0.machine.release(connection, isReusable: isReusable, at: .now) })
    noteCounts()
  }

  /// Does what the machine decided. A connection to be closed is closed by its deinit, with the last reference to it.
  private func perform(_ outcome: Machine.Outcome) {
    if let (waiter, grant) = outcome.resume { waiter.resume(returning: .success(grant)) }
    guard outcome.isDrained else { return }
    let closers = state.withLock { state in
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer.resume() }
  }

  private func noteCounts() { metrics.record(counts) }

  private var closed: PostgresError { PostgresError(.closed, "the pool \"\(name)\" is closed") }
  private var cancelled: PostgresError {
    PostgresError(.cancelled, "the task was cancelled while it waited for a connection")
  }
  private var timedOut: PostgresError {
    PostgresError(.poolTimeout, "none of \(size) connections of the pool \"\(name)\" became free in \(acquireTimeout)")
  }
}
