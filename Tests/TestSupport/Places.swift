// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Lets a few in at a time, in the order of their coming.
///
/// The test runner starts everything at once. Tests that use servers would then share two cores a hundred ways: each would take minutes,
/// and time limits that any one of them keeps easily would be overrun.
actor Places {
  /// For tests that use Postgres or Redis.
  static let services = Places(free: max(6, 2 * ProcessInfo.processInfo.activeProcessorCount))

  /// Whoever has a place keeps it for all that it uses.
  @TaskLocal private static var isInside = false

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(free: Int) { self.free = free }

  nonisolated func with<Value>(_ body: () async throws -> Value) async throws -> Value {
    if Self.isInside { return try await body() }
    await enter()
    let result: Result<Value, any Error>
    do { result = .success(try await Self.$isInside.withValue(true, operation: body)) } catch {
      result = .failure(error)
    }
    await leave()
    return try result.get()
  }

  private func enter() async {
    guard free == 0 else {
      free -= 1
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
