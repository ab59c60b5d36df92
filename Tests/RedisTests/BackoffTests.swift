// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

struct BackoffTests {
  let backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))

  @Test func ceilingDoublesUpToTheLongest() {
    let ceilings = (1...8).map { backoff.ceiling(afterFailures: $0) }
    #expect(ceilings == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) })
  }

  @Test func ceilingStaysDefinedAfterManyFailures() {
    #expect(backoff.ceiling(afterFailures: .max) == .seconds(2))
  }

  @Test func delaysSpreadOverTheWholeRange() {
    var generator = SplitMix64(state: 7)
    let delays = (0..<1000).map { _ in backoff.delay(afterFailures: 4, using: &generator) }
    #expect(delays.allSatisfy { (.zero ... .milliseconds(400)).contains($0) })
    let low = delays.count { $0 < .milliseconds(200) }
    #expect((400...600).contains(low), "half of 1000 delays should lie below half of the ceiling, not \(low)")
  }
}

/// A seeded generator, so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
