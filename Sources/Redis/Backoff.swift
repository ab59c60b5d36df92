// SPDX-License-Identifier: Apache-2.0

/// Growing waits between attempts: exponential, capped, with full jitter.
///
/// Full jitter (anything between zero and the ceiling) spreads out clients that were all cut off at the same moment.
public struct Backoff: Sendable, Equatable {
  public var first: Duration
  public var longest: Duration

  public init(first: Duration = .milliseconds(50), longest: Duration = .seconds(5)) {
    self.first = first
    self.longest = longest
  }

  /// The longest wait after this many failures in a row (from 1).
  public func ceiling(afterFailures failures: Int) -> Duration {
    // Past 2^30 the cap has won long ago; the limit keeps the shift defined.
    let doublings = min(max(failures - 1, 0), 30)
    return min(first * (1 << doublings), longest)
  }

  public func delay(
    afterFailures failures: Int, using generator: inout some RandomNumberGenerator
  ) -> Duration {
    ceiling(afterFailures: failures) * Double.random(in: 0...1, using: &generator)
  }

  public func delay(afterFailures failures: Int) -> Duration {
    var generator = SystemRandomNumberGenerator()
    return delay(afterFailures: failures, using: &generator)
  }
}
