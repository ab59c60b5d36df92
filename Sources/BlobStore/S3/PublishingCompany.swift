// SPDX-License-Identifier: Apache-2.0

import Domain
import NIOCore
import Synchronization

/// Has contents that come at the same time published together.
///
/// What arrives while one round is under way forms the next. There is no timer: a lone content never waits for company.
final class PublishingCompany: Sendable {
  private struct Waiting: Sendable {
    let digest: Digest
    let content: ByteBuffer
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var running = 0
    var waiting: [Waiting] = []
  }

  /// Rounds that may be under way at a time: a service answers several requests as fast as one.
  private static let roundLimit = 4
  /// Bytes of one round, so that a pack is not too large to be sent at once.
  private static let roundBytes = 16 << 20

  private let state = Mutex(State())

  /// Returns once the content was published, in whichever round.
  func join(
    _ digest: Digest, _ content: ByteBuffer, publish: @escaping @Sendable ([Digest: ByteBuffer]) async throws -> Void
  ) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let mustStart = state.withLock { state in
        state.waiting.append(Waiting(digest: digest, content: content, continuation: continuation))
        guard state.running < Self.roundLimit else { return false }
        state.running += 1
        return true
      }
      // Escapes the cancellation of the caller that happened to come first: the rounds serve others too. Each caller awaits its own
      // continuation, so none of the work is forgotten.
      if mustStart { Task { await run(publish) } }
    }
  }

  private func run(_ publish: @Sendable ([Digest: ByteBuffer]) async throws -> Void) async {
    while let round = next() {
      let contents = Dictionary(round.map { ($0.digest, $0.content) }) { first, _ in first }
      do {
        try await publish(contents)
        for waiting in round { waiting.continuation.resume() }
      } catch {
        for waiting in round { waiting.continuation.resume(throwing: error) }
      }
    }
  }

  /// Nil when nobody waits: then the lane is over.
  private func next() -> [Waiting]? {
    state.withLock { state in
      var bytes = 0
      let round = state.waiting.prefix { waiting in
        defer { bytes += waiting.content.readableBytes }
        return bytes < Self.roundBytes
      }
      if round.isEmpty {
        state.running -= 1
        return nil
      }
      state.waiting.removeFirst(round.count)
      return Array(round)
    }
  }
}
