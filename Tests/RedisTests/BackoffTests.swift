// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing
import TestSupport

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
    var generator = SeededGenerator(seed: 7)
    let delays = (0..<1000).map { _ in backoff.delay(afterFailures: 4, using: &generator) }
    #expect(delays.allSatisfy { (.zero ... .milliseconds(400)).contains($0) })
    let low = delays.count { $0 < .milliseconds(200) }
    #expect((400...600).contains(low), "half of 1000 delays should lie below half of the ceiling, not \(low)")
  }
}
