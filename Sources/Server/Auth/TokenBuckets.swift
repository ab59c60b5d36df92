// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Limits how often something may be done for one key: a burst, refilled evenly over time. In memory, of this process alone.
final class TokenBuckets: Sendable {
  typealias Clock = ContinuousClock

  /// A full bucket is as good as none, so only what is not full is kept: when it will be.
  private struct State {
    var fullAt: [String: Clock.Instant] = [:]
    var nextSweep = 1024
  }

  private let burst: Int
  private let interval: Duration
  private let state = Mutex(State())

  /// - Parameters:
  ///   - burst: how many may follow each other at once.
  ///   - refillTime: how long it takes until an empty bucket allows a burst again.
  init(burst: Int, refillTime: Duration) {
    precondition(burst > 0, "a bucket that never allows anything is a mistake")
    self.burst = burst
    interval = refillTime / burst
  }

  /// Takes one; nil when it was there, otherwise how long until it is.
  func take(_ key: String, at now: Clock.Instant = .now) -> Duration? {
    state.withLock { state in
      if state.fullAt.count >= state.nextSweep {
        state.fullAt = state.fullAt.filter { $0.value > now }
        // Keys that are still in use may be many: look again when they have doubled.
        state.nextSweep = max(1024, state.fullAt.count * 2)
      }
      let fullAt = max(state.fullAt[key] ?? now, now) + interval
      let missing = now.duration(to: fullAt) - interval * burst
      guard missing <= .zero else { return missing }
      state.fullAt[key] = fullAt
      return nil
    }
  }
}
