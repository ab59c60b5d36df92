// SPDX-License-Identifier: Apache-2.0

import EventStore
import TestSupport
import Testing

struct EventLogConformanceTests {
  @Test(arguments: EventLogConformance.checks)
  func memory(_ check: EventLogConformance) async throws {
    try await check.run(MemoryEventLog())
  }

  @Test(arguments: EventLogConformance.checks)
  func postgres(_ check: EventLogConformance) async throws {
    try await withEventLog { log, _ in try await check.run(log) }
  }
}
