// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Stops asking what does not answer: after some failures in a row nobody is let through for a while, then one, whose luck decides.
final class CircuitBreaker: Sendable {
  private struct State {
    var failures = 0
    var closedFrom: ContinuousClock.Instant?
  }

  private let limit: Int
  private let pause: Duration
  private let state = Mutex(State())

  init(limit: Int = 5, pause: Duration = .seconds(5)) {
    self.limit = limit
    self.pause = pause
  }

  var isOpen: Bool { state.withLock { $0.failures >= limit } }

  /// Whether to ask now.
  func admits(at now: ContinuousClock.Instant = .now) -> Bool {
    state.withLock { state in
      guard state.failures >= limit, let from = state.closedFrom else { return true }
      guard now >= from else { return false }
      // The others go on waiting for this one.
      state.closedFrom = now + pause
      return true
    }
  }

  func note(isFailure: Bool, at now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      state.failures = isFailure ? state.failures + 1 : 0
      if isFailure, state.failures >= limit { state.closedFrom = now + pause }
    }
  }
}
