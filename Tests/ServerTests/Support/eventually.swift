// SPDX-License-Identifier: Apache-2.0

import Testing

/// Returns once a condition holds, and fails the test when it does not within the time.
func eventually(
  within time: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + time
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record("the condition does not hold after \(time)", sourceLocation: sourceLocation)
      return
    }
    try await Task.sleep(for: .milliseconds(5))
  }
}
