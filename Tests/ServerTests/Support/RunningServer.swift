// SPDX-License-Identifier: Apache-2.0

import Logging
import ServiceLifecycle
import TestSupport

@testable import Server

/// Runs services around a test, on a port that the system chooses, and stops them gracefully.
enum RunningServer {
  /// - Parameters:
  ///   - make: gives the services; it is told whom to tell the port.
  ///   - body: the test; it gets the port, and a way to stop the services before its end.
  static func with<Result: Sendable>(
    _ make: (@escaping @Sendable (Int) async -> Void) -> [any Service],
    _ body: (Int, ServiceGroup) async throws -> Result
  ) async throws -> Result {
    let (ports, continuation) = AsyncStream<Int>.makeStream()
    let group = ServiceGroup(
      services: make { continuation.yield($0) }, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    async let running: Void = group.run()
    guard let port = await ports.first(where: { _ in true }) else { throw RawConnection.Closed() }
    do {
      let result = try await body(port, group)
      await group.triggerGracefulShutdown()
      try await running
      return result
    } catch {
      await group.triggerGracefulShutdown()
      try await running
      throw error
    }
  }
}
