// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Search

struct CircuitBreakerTests {
  private let start = ContinuousClock.now

  private func broken() -> CircuitBreaker {
    let breaker = CircuitBreaker(limit: 3, pause: .seconds(5))
    for _ in 0..<3 { breaker.note(isFailure: true, at: start) }
    return breaker
  }

  @Test func itAdmitsEverybodyUntilFailuresFollowEachOther() {
    let breaker = CircuitBreaker(limit: 3, pause: .seconds(5))
    for isFailure in [true, true, false, true, true] {
      #expect(breaker.admits(at: start))
      breaker.note(isFailure: isFailure, at: start)
    }
    #expect(breaker.admits(at: start) && !breaker.isOpen)
    breaker.note(isFailure: true, at: start)
    #expect(!breaker.admits(at: start) && breaker.isOpen)
  }

  @Test func afterAPauseItLetsOneThroughAndTheOthersWaitForThatOne() {
    let breaker = broken()
    #expect(!breaker.admits(at: start + .milliseconds(4999)))
    #expect(breaker.admits(at: start + .seconds(5)))
    #expect(!breaker.admits(at: start + .seconds(5)))
    breaker.note(isFailure: true, at: start + .seconds(6))
    #expect(!breaker.admits(at: start + .seconds(10)))
    #expect(breaker.admits(at: start + .seconds(11)))
  }

  @Test func anAnswerLetsEverybodyThroughAgain() {
    let breaker = broken()
    _ = breaker.admits(at: start + .seconds(5))
    breaker.note(isFailure: false, at: start + .seconds(5))
    for _ in 0..<5 { #expect(breaker.admits(at: start + .seconds(5))) }
  }

  /// Who was let through may never come back with news: it was cancelled.
  @Test func oneThatNeverCameBackDoesNotKeepItShut() {
    let breaker = broken()
    #expect(breaker.admits(at: start + .seconds(5)))
    #expect(breaker.admits(at: start + .seconds(10)))
  }
}
