// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Redis
import Testing
import Workers

struct RetryPolicyTests {
  @Test func pausesGrowAndEndWithTheLastAttempt() throws {
    let policy = RetryPolicy.exponentialJitter(maxAttempts: 4, first: .seconds(1), longest: .seconds(3))
    for (attempt, ceiling) in [(1, 1), (2, 2), (3, 3)] {
      let pause = try #require(policy.pause(afterAttempt: attempt))
      #expect((.zero ... .seconds(ceiling)).contains(pause))
    }
    #expect(policy.pause(afterAttempt: 4) == nil)
  }

  @Test func jobThatIsTooOldIsNotTriedAgain() {
    let policy = RetryPolicy(
      maxAttempts: 100, maxAge: .seconds(60), backoff: Backoff(first: .seconds(1), longest: .seconds(1)))
    #expect(policy.pause(afterAttempt: 50, age: .seconds(58)) != nil)
    #expect(policy.pause(afterAttempt: 1, age: .seconds(61)) == nil)
  }

  struct Odd: Error {}

  @Test func errorsKnowTheirRemedy() {
    let digest = Digest(bytes: Array(repeating: 7, count: 32))
    #expect(JobFailure(BlobStoreError.notFound(digest)).remedy == .bury)
    #expect(JobFailure(BlobStoreError.damaged(digest, "")).remedy == .bury)
    #expect(JobFailure(BlobStoreError.full).remedy == .later(.seconds(15)))
    #expect(JobFailure(RedisError(.connection, "")).remedy == .wait)
    #expect(JobFailure(RedisError(.decoding, "")).remedy == .retry)
    #expect(JobFailure(Odd()).remedy == .retry)
    #expect(JobFailure(Odd()).code == "Odd")
  }
}
