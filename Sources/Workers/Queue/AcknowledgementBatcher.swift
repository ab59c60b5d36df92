// SPDX-License-Identifier: Apache-2.0

import Redis
import Synchronization

/// Sends acknowledgements that come while others are on their way in the next pipeline: XACK and XDEL for each stream.
///
/// A lone one never waits, and a thousand a second cost a few round trips.
final class AcknowledgementBatcher: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Void, RedisError>, Never>

  private struct State {
    var isSending = false
    var waiting: [(delivery: Delivery, waiter: Waiter)] = []
  }

  private let redis: RedisClient
  private let state = Mutex(State())

  init(redis: RedisClient) { self.redis = redis }

  /// Returns once Redis has it. To acknowledge twice is harmless.
  func acknowledge(_ delivery: Delivery) async throws(RedisError) {
    let result = await withCheckedContinuation { (waiter: Waiter) in
      let mustSend = state.withLock { state in
        state.waiting.append((delivery, waiter))
        defer { state.isSending = true }
        return !state.isSending
      }
      // Escapes the caller's cancellation: it carries the acknowledgements of others as well. All of them await it.
      if mustSend { Task { await self.send() } }
    }
    try result.get()
  }

  private func send() async {
    while true {
      let batch = state.withLock { state in
        defer { state.waiting = [] }
        if state.waiting.isEmpty { state.isSending = false }
        return state.waiting
      }
      guard !batch.isEmpty else { return }
      let result: Result<Void, RedisError>
      do throws(RedisError) {
        for reply in try await redis.pipeline(Self.commands(for: batch.map(\.delivery))) { _ = try reply.get() }
        result = .success(())
      } catch {
        result = .failure(error)
      }
      for (_, waiter) in batch { waiter.resume(returning: result) }
    }
  }

  static func commands(for deliveries: [Delivery]) -> [[RedisArgument]] {
    var ids: [String: [StreamID]] = [:]
    for delivery in deliveries { ids[delivery.stream, default: []].append(delivery.id) }
    return ids.sorted { $0.key < $1.key }.flatMap { stream, ids in
      [.xack(stream, group: JobStreams.group, ids: ids), .xdel(stream, ids: ids)]
    }
  }
}
