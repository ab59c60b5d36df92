// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct TokenBucketsTests {
  private let buckets = TokenBuckets(burst: 3, refillTime: .seconds(30))
  private let start = ContinuousClock.now

  @Test func allowsABurstAndThenOneAtATime() {
    for _ in 1...3 { #expect(buckets.take("a", at: start) == nil) }
    #expect(buckets.take("a", at: start) == .seconds(10))
    #expect(buckets.take("a", at: start + .seconds(9)) == .seconds(1))
    #expect(buckets.take("a", at: start + .seconds(10)) == nil)
    #expect(buckets.take("a", at: start + .seconds(10)) == .seconds(10))
  }

  @Test func keepsKeysApart() {
    for _ in 1...3 { #expect(buckets.take("a", at: start) == nil) }
    #expect(buckets.take("b", at: start) == nil)
  }

  @Test func isFullAgainAfterTheRefillTime() {
    for _ in 1...3 { _ = buckets.take("a", at: start) }
    for _ in 1...3 { #expect(buckets.take("a", at: start + .seconds(30)) == nil) }
    #expect(buckets.take("a", at: start + .seconds(30)) != nil)
  }

  @Test func remembersWhoIsShortWhenItForgetsTheOthers() {
    for _ in 1...3 { _ = buckets.take("a", at: start) }
    for key in 0..<5000 { _ = buckets.take("\(key)", at: start + .milliseconds(1)) }
    #expect(buckets.take("a", at: start + .milliseconds(2)) != nil)
  }
}
