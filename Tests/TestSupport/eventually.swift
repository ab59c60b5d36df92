// SPDX-License-Identifier: Apache-2.0

public import Testing

/// Looks again and again until a condition holds; ends the test when it does not within the time.
///
/// The time is for a machine that does much else. A test whose condition holds never waits it out.
public func eventually(
  _ what: Comment? = nil, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    try #require(ContinuousClock.now < deadline, what, sourceLocation: sourceLocation)
    try await Task.sleep(for: .milliseconds(5))
  }
}
