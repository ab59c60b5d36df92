// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
public import Logging
internal import Synchronization

/// One connection to the database: libpq, on a thread of its own, behind an actor.
///
/// Calls block that thread and no other. Whoever uses a connection has it alone (see
/// ``PostgresPool/withConnection(file:line:_:)``): two tasks that share one also share its transaction.
///
/// Every call throws ``PostgresError``. When the task is cancelled the server is asked to stop the statement, and the
/// call throws `.cancelled`.
public actor PostgresConnection {
  /// What a pool must know of a connection without waiting for its thread.
  enum Condition: UInt8, AtomicRepresentable {
    /// Nothing is open: the next borrower may have it.
    case ready
    /// A transaction or a COPY is open.
    case busy
    /// Lost or closed.
    case unusable
  }

  private let thread: ConnectionThread
  private let condition = Atomic(Condition.unusable)
  /// Nil before it is opened and after it is closed.
  private var session: Session?
  private var cancellation: Cancellation?
  private let socket = Atomic<Int32>(-1)

  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private init(name: String) {
    thread = ConnectionThread(name: name)
  }

  deinit { thread.stop() }

  /// Opens a connection.
  ///
  /// - Throws: `.connection` when the server cannot be reached in time or refuses; `.cancelled`.
  public static func connect(
    _ configuration: PostgresConfiguration, logger: Logger, file: String = #fileID, line: Int = #line
  ) async throws(PostgresError) -> PostgresConnection {
    let connection = PostgresConnection(name: "postgres")
    do throws(PostgresError) {
      try await connection.open(configuration, logger: logger)
    } catch {
      throw error.at(file, line)
    }
    return connection
  }

  private func open(_ configuration: PostgresConfiguration, logger: Logger) throws(PostgresError) {
    let session = try Session.open(configuration, logger: logger)
    guard let request = PQgetCancel(session.connection) else { throw session.lost() }
    cancellation = Cancellation(CancelRequest(request))
    socket.store(PQsocket(session.connection), ordering: .releasing)
    self.session = session
    noteCondition()
  }

  /// Ends the session; what was open is rolled back. Calls after it throw `.closed`.
  public func close() {
    condition.store(.unusable, ordering: .releasing)
    socket.store(-1, ordering: .releasing)
    session = nil
  }

  /// False once the connection was lost or closed: it never comes back, open another.
  public nonisolated var isUsable: Bool { condition.load(ordering: .acquiring) != .unusable }

  nonisolated var isReady: Bool { condition.load(ordering: .acquiring) == .ready }

  // MARK: - Statements

  /// Runs a statement and gives its rows. It is prepared the first time this connection sees its text.
  public func query(
    _ query: Query, file: String = #fileID, line: Int = #line
  ) async throws(PostgresError) -> PostgresRows {
    try await call(file, line) { session throws(PostgresError) in PostgresRows(try session.run(query)) }
  }

  /// Runs a statement and gives its rows; `meanwhile` runs on the connection's thread while the server works on it. For callers on that
  /// thread, who have something else to do.
  ///
  /// - Parameter meanwhile: runs once; not at all when the statement could not be sent.
  public func query(
    _ query: Query, file: String = #fileID, line: Int = #line, meanwhile: () -> Void
  ) async throws(PostgresError) -> PostgresRows {
    try await call(file, line) { session throws(PostgresError) in
      PostgresRows(try session.run(query, meanwhile: meanwhile))
    }
  }

  /// Runs a statement and gives the number of rows it touched.
  @discardableResult
  public func execute(
    _ query: Query, file: String = #fileID, line: Int = #line
  ) async throws(PostgresError) -> Int {
    try await call(file, line) { session throws(PostgresError) in try session.run(query).affectedRows }
  }

  /// Runs SQL of any number of statements, as one transaction unless one is open. For migrations: it takes no values.
  public func script(_ sql: String, file: String = #fileID, line: Int = #line) async throws(PostgresError) {
    try await call(file, line) { session throws(PostgresError) in
      try session.script(sql)
      try session.endCopy()
    }
  }

  /// Runs statements in one round trip and as one transaction, unless one is open already.
  ///
  /// - Returns: the rows of each, in order.
  /// - Throws: the first error; then none of them has had an effect.
  public func pipeline(
    _ queries: [Query], file: String = #fileID, line: Int = #line
  ) async throws(PostgresError) -> [PostgresRows] {
    try await call(file, line) { session throws(PostgresError) in
      try session.pipeline(queries).map(PostgresRows.init)
    }
  }

  // MARK: - For the rest of the module

  /// Runs `body` on the connection's thread, as one call that the task's cancellation stops.
  func call<Output: Sendable>(
    _ file: String, _ line: Int, isCancellable: Bool = true, _ body: (Session) throws(PostgresError) -> Output
  ) async throws(PostgresError) -> Output {
    guard let session, let cancellation else {
      throw PostgresError(.closed, "the connection is closed", file: file, line: line)
    }
    defer { noteCondition() }
    do throws(PostgresError) {
      guard isCancellable else { return try body(session) }
      guard !Task.isCancelled else { throw PostgresError(.cancelled, "the task was cancelled before the statement") }
      let call = cancellation.begin()
      // A closure is on this actor's thread only if it uses `self`; this call, synchronous and isolated, compiles
      // nowhere else.
      let outcome = await withTaskCancellationHandler {
        self.outcome(of: body, on: session)
      } onCancel: {
        cancellation.cancel(call)
      }
      let wasCancelled = cancellation.end()
      do throws(PostgresError) {
        return try outcome.get()
      } catch {
        guard wasCancelled, error.sqlState == "57014" else { throw error }
        var cancelled = error
        cancelled.code = .cancelled
        throw cancelled
      }
    } catch {
      throw error.at(file, line)
    }
  }

  private func outcome<Output>(
    of body: (Session) throws(PostgresError) -> Output, on session: Session
  ) -> Result<Output, PostgresError> {
    Result { () throws(PostgresError) -> Output in try body(session) }
  }

  /// Ends what a borrower left open. False if the connection cannot be used again.
  func reset() -> Bool {
    guard let session else { return false }
    defer { noteCondition() }
    do {
      try session.endCopy()
      if !session.isIdle { try session.script("ROLLBACK") }
    } catch {
      session.logger.warning("A connection could not be reset", metadata: ["error": "\(error)"])
      return false
    }
    return !session.isLost
  }

  /// Reads what the server said while nobody asked: usually that it ends the session. False if the connection is lost.
  func listen() -> Bool {
    guard let session else { return false }
    defer { noteCondition() }
    session.listen()
    return !session.isLost
  }

  /// Has the server said something while the connection was idle? Costs one system call, and no wait for the thread.
  nonisolated var hasUnreadInput: Bool {
    let socket = socket.load(ordering: .acquiring)
    return socket >= 0 && socketHasInput(socket)
  }

  private func noteCondition() {
    let now: Condition =
      if let session, !session.isLost { session.isIdle ? .ready : .busy } else { .unusable }
    condition.store(now, ordering: .releasing)
  }
}
