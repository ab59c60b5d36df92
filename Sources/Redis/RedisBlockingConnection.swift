// SPDX-License-Identifier: Apache-2.0

public import Logging

/// A connection for one loop that waits on the server.
///
/// A waiting command occupies its connection, so such loops never share one. Cancelling the task ends the wait at once. After a failure,
/// the next call first waits out the backoff and then connects again: a loop around it needs no pauses of its own.
public final class RedisBlockingConnection: Sendable {
  private let connection: RedisConnection

  public init(_ configuration: RedisConfiguration, logger: Logger = Logger(label: "onefold.redis")) {
    connection = RedisConnection(configuration, logger: logger)
  }

  /// Entries after the given ids; waits up to `block` for the first. Empty when none came.
  public func xread(
    _ streams: [(stream: String, after: StreamID)], count: Int? = nil, block: Duration
  ) async throws(RedisError) -> [StreamBatch] {
    try await waiting(.xread(streams, count: count, block: block), block).streamBatches()
  }

  /// Entries that no consumer of the group has had; waits up to `block` for the first. `count` holds for each stream.
  public func xreadGroup(
    _ group: String, consumer: String, streams: [String], count: Int? = nil, block: Duration
  ) async throws(RedisError) -> [StreamBatch] {
    try await waiting(.xreadGroup(group, consumer: consumer, streams: streams, count: count, block: block), block)
      .streamBatches()
  }

  /// The newest entry, or nil if the stream is empty.
  public func newestEntry(_ stream: String) async throws(RedisError) -> StreamEntry? {
    try await waiting(["XREVRANGE", .string(stream), "+", "-", "COUNT", "1"], .zero).streamEntries().first
  }

  /// Any command; `wait` is how long the server may take on purpose.
  public func command(_ arguments: [RedisArgument], wait: Duration = .zero) async throws(RedisError) -> RedisValue {
    try await waiting(arguments, wait)
  }

  public func close() async { await connection.close() }

  private func waiting(_ arguments: [RedisArgument], _ wait: Duration) async throws(RedisError) -> RedisValue {
    let delay = await connection.retryDelay
    if delay > .zero {
      do { try await Task.sleep(for: delay) } catch { throw RedisError(.cancelled, "The task was cancelled.") }
    }
    return try await connection.waitingCommand(arguments, wait: wait)
  }
}
