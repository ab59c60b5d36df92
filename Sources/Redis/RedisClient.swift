// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
public import Logging
import Metrics
public import ServiceLifecycle
import Synchronization

/// A few connections, shared by many tasks.
///
/// Usable before ``run()``, which only waits for shutdown and closes them. A command goes to the connection with the
/// fewest commands under way. Nothing is sent twice: whether a command whose outcome is unknown may be repeated is the caller's to know.
public final class RedisClient: Service, RedisCommands {
  public let configuration: RedisConfiguration
  private let lanes: [Lane]
  private let logger: Logger
  /// SHA-1 digests of scripts, as the server gave them.
  private let digests = Mutex<[RedisScript: String]>([:])

  private final class Lane: Sendable {
    let connection: RedisConnection
    let underWay = Atomic(0)

    init(_ connection: RedisConnection) { self.connection = connection }
  }

  /// - Parameter connections: each has a thread.
  public init(
    configuration: RedisConfiguration, connections: Int = 2, logger: Logger = Logger(label: "onefold.redis")
  ) {
    precondition(connections > 0, "a Redis client needs a connection")
    self.configuration = configuration
    self.logger = logger
    lanes = (0..<connections).map { _ in Lane(RedisConnection(configuration, logger: logger)) }
  }

  public func command(_ arguments: [RedisArgument]) async throws(RedisError) -> RedisValue {
    try await measured { connection throws(RedisError) in try await connection.command(arguments) }
  }

  public func pipeline(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisValue] {
    try await measured { connection throws(RedisError) in try await connection.pipeline(commands) }
  }

  /// Runs a script by its digest; a server that does not know it (new, emptied, restarted) gets the text.
  public func evaluate(
    _ script: RedisScript, keys: [RedisArgument] = [], arguments: [RedisArgument] = []
  ) async throws(RedisError) -> RedisValue {
    do throws(RedisError) {
      let digest = try await digest(of: script)
      return try await command(script.byDigest(digest, keys: keys, arguments: arguments))
    } catch  where error.serverCode == "NOSCRIPT" {
      return try await command(script.bySource(keys: keys, arguments: arguments))
    }
  }

  /// A connection of one's own for commands that wait on the server. Close it when done.
  public func blockingConnection() -> RedisBlockingConnection {
    RedisBlockingConnection(configuration, logger: logger)
  }

  /// Waits for graceful shutdown or cancellation, then closes.
  public func run() async throws {
    try? await gracefulShutdown()
    await close()
  }

  public func close() async {
    for lane in lanes { await lane.connection.close() }
  }

  private func digest(of script: RedisScript) async throws(RedisError) -> String {
    if let known = digests.withLock({ $0[script] }) { return known }
    guard let digest = try await command(["SCRIPT", "LOAD", .string(script.source)]).string else {
      throw RedisError(.decoding, "SCRIPT LOAD did not answer with a digest.")
    }
    digests.withLock { $0[script] = digest }
    return digest
  }

  private func measured<R: Sendable>(
    _ body: (RedisConnection) async throws(RedisError) -> R
  ) async throws(RedisError) -> R {
    let lane = leastBusy()
    lane.underWay.add(1, ordering: .relaxed)
    let start = ContinuousClock.now
    defer {
      lane.underWay.subtract(1, ordering: .relaxed)
      RedisMetrics.duration.record(duration: start.duration(to: .now))
    }
    do throws(RedisError) {
      return try await body(lane.connection)
    } catch {
      if error.code != .cancelled { RedisMetrics.failures.increment() }
      throw error
    }
  }

  private func leastBusy() -> Lane {
    var best = lanes[0]
    var fewest = best.underWay.load(ordering: .relaxed)
    for lane in lanes.dropFirst() {
      let count = lane.underWay.load(ordering: .relaxed)
      if count < fewest { (best, fewest) = (lane, count) }
    }
    return best
  }
}
