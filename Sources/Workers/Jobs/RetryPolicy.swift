// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Redis

/// How often a job is tried, and how long to wait in between.
public struct RetryPolicy: Sendable, Equatable {
  /// After this many failed attempts a job becomes a dead letter.
  public var maxAttempts: Int
  /// An attempt that would begin when the job is older than this is not made.
  public var maxAge: Duration
  /// Grows with each failure: exponential, capped, with full jitter.
  public var backoff: Backoff

  public init(maxAttempts: Int, maxAge: Duration = .seconds(24 * 3600), backoff: Backoff) {
    precondition(maxAttempts > 0, "a job is tried at least once")
    self.maxAttempts = maxAttempts
    self.maxAge = maxAge
    self.backoff = backoff
  }

  /// Five attempts within some minutes.
  public static let standard = RetryPolicy.exponentialJitter(maxAttempts: 5)

  public static func exponentialJitter(
    maxAttempts: Int, first: Duration = .seconds(2), longest: Duration = .seconds(300)
  ) -> RetryPolicy {
    RetryPolicy(maxAttempts: maxAttempts, backoff: Backoff(first: first, longest: longest))
  }

  /// The pause before the next attempt, or nil when there is none.
  /// - Parameter age: of the job, since it could first run.
  public func pause(afterAttempt attempt: Int, age: Duration = .zero) -> Duration? {
    guard attempt < maxAttempts else { return nil }
    let pause = backoff.delay(afterFailures: attempt)
    return age + pause <= maxAge ? pause : nil
  }
}
