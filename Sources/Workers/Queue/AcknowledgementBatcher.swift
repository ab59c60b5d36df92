// SPDX-License-Identifier: Apache-2.0

import Redis
import Synchronization

/// Sends acknowledgements that come while others are on their way together with the next.
///
/// A lone one never waits, and a thousand a second cost a few round trips.
final class AcknowledgementBatcher: Sendable {
  private typealias Waiter = CheckedContinuation<Result<Void, RedisError>, Never>

  private struct State {
    var isSending = false
    var waiting: [(deliveries: [Delivery], waiter: Waiter)] = []
  }

  private let redis: RedisClient
  private let state = Mutex(State())

  init(redis: RedisClient) { self.redis = redis }

  /// Returns once Redis has it. To acknowledge twice is harmless.
  func acknowledge(_ deliveries: [Delivery]) async throws(RedisError) {
    let result = await withCheckedContinuation { (waiter: Waiter) in
      let mustSend = state.withLock { state in
        state.waiting.append((deliveries, waiter))
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
        _ = try await redis.evaluate(JobScripts.acknowledge, arguments: Self.words(for: batch.flatMap(\.deliveries)))
        result = .success(())
      } catch {
        result = .failure(error)
      }
      for (_, waiter) in batch { waiter.resume(returning: result) }
    }
  }

  private struct Group: Hashable {
    let stream, kind, tenant: String
  }

  static func words(for deliveries: [Delivery]) -> [RedisArgument] {
    let groups = Dictionary(grouping: deliveries) {
      Group(stream: $0.stream, kind: $0.fields["kind"] ?? "", tenant: $0.fields["tenant"] ?? "")
    }
    var words: [RedisArgument] = [.string(JobKeys.group)]
    for (group, deliveries) in groups {
      // Lua unpacks no more than some thousands of words.
      for start in stride(from: 0, to: deliveries.count, by: 1000) {
        let part = deliveries[start..<min(start + 1000, deliveries.count)]
        words += [.string(group.stream), .string(group.kind), .string(group.tenant), RedisArgument(part.count)]
        words += part.map { RedisArgument($0.id) }
      }
    }
    return words
  }
}
