// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
public import Logging

/// One connection, on a thread of its own, which mends itself.
///
/// hiredis blocks, so the actor's jobs run on a thread that may. Commands of several tasks queue and go one after another;
/// many at once belong into ``pipeline(_:)``.
///
/// When the server is gone, the command under way fails; the next one connects again. Attempts are spaced by the
/// configuration's ``RedisConfiguration/backoff``: until the next is due, commands fail at once with the last error.
public actor RedisConnection: RedisCommands {
  private let configuration: RedisConfiguration
  private let logger: Logger
  private let executor: ThreadExecutor
  private nonisolated let socket = InterruptibleSocket()
  private var state = State.disconnected

  private enum State {
    /// Never connected, or hung up in peace: the next command connects.
    case disconnected
    case connected(HiredisContext)
    /// The last attempt failed: the next is due at `retryAt`.
    case failed(RedisError, failures: Int, retryAt: ContinuousClock.Instant)
    /// By ``RedisConnection/close()``, for good.
    case closed
  }

  public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  /// A connection that connects with its first command.
  public init(_ configuration: RedisConfiguration, logger: Logger = Logger(label: "onefold.redis")) {
    self.configuration = configuration
    self.logger = logger
    executor = ThreadExecutor(name: "redis")
  }

  /// Connects, signs in and chooses the database.
  public static func connect(
    _ configuration: RedisConfiguration, logger: Logger = Logger(label: "onefold.redis")
  ) async throws(RedisError) -> RedisConnection {
    let connection = RedisConnection(configuration, logger: logger)
    try await connection.open()
    return connection
  }

  /// Whether it is connected, as far as is known.
  public var isUsable: Bool { if case .connected = state { true } else { false } }

  public func command(_ arguments: [RedisArgument]) async throws(RedisError) -> RedisValue {
    try perform(RedisRequest([arguments]), limit: configuration.commandTimeout)[0].get()
  }

  public func pipeline(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    return try perform(RedisRequest(commands), limit: configuration.commandTimeout)
  }

  /// Hangs up. Commands that still wait, and later ones, fail with ``RedisError/Code/closed``.
  public func close() { state = .closed }

  /// Like ``command(_:)``, for a command that waits on the server.
  ///
  /// Cancelling the task ends the wait at once, by shutting down the socket: the connection is then made anew by the next
  /// command. What the server handed out in that moment is lost to this call (a consumer group keeps it as pending).
  nonisolated func waitingCommand(_ arguments: [RedisArgument], wait: Duration) async throws(RedisError) -> RedisValue {
    let request = RedisRequest([arguments])
    let limit = wait + configuration.commandTimeout
    // withTaskCancellationHandler does not carry typed errors through, so the result is carried as a value.
    let result: Result<RedisValue, RedisError> = await withTaskCancellationHandler {
      do throws(RedisError) {
        return .success(try await perform(request, limit: limit)[0].get())
      } catch {
        return .failure(Task.isCancelled ? RedisError(.cancelled, "The task was cancelled.") : error)
      }
    } onCancel: {
      socket.interrupt()
    }
    return try result.get()
  }

  /// How long until a command may try to connect again; zero when it may now.
  var retryDelay: Duration {
    guard case .failed(_, _, let retryAt) = state else { return .zero }
    return max(.zero, ContinuousClock.now.duration(to: retryAt))
  }

  private func open() throws(RedisError) { _ = try connected() }

  /// Each call runs to its end on the connection's thread without giving it up, so calls never mix.
  private func perform(_ request: RedisRequest, limit: Duration) throws(RedisError) -> [RedisValue] {
    let context = try connected()
    // After connecting: a cancellation that came before there was a socket to interrupt is seen here.
    guard !Task.isCancelled else { throw RedisError(.cancelled, "The task was cancelled.") }
    do throws(RedisError) {
      return try context.perform(request, limit: limit)
    } catch {
      state = .disconnected
      if !Task.isCancelled {
        logger.warning("lost the connection to Redis", metadata: ["address": "\(configuration)", "error": "\(error)"])
      }
      throw error
    }
  }

  private func connected() throws(RedisError) -> HiredisContext {
    var failures = 0
    switch state {
    case .connected(let context) where !context.isHungUp: return context
    case .connected, .disconnected: break
    case .closed: throw RedisError(.closed, "The connection was closed.")
    case .failed(let error, let count, let retryAt):
      guard ContinuousClock.now >= retryAt else { throw error }
      failures = count
    }
    do throws(RedisError) {
      let context = try HiredisContext.signedIn(configuration, socket: socket)
      state = .connected(context)
      RedisMetrics.connects.increment()
      return context
    } catch {
      let delay = configuration.backoff.delay(afterFailures: failures + 1)
      state = .failed(error, failures: failures + 1, retryAt: .now + delay)
      logger.log(
        level: failures == 0 ? .warning : .debug, "cannot connect to Redis",
        metadata: ["address": "\(configuration)", "error": "\(error)", "failures": "\(failures + 1)"])
      throw error
    }
  }
}
