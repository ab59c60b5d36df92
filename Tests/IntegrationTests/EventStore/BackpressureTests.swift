// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import EventStore
@testable import Postgres

/// A reader pulls: one that is slow holds nothing, neither memory nor a connection, and nobody waits for it.
struct BackpressureTests {
  private static func append(_ count: Int, to log: PostgresEventLog) async throws {
    for start in stride(from: 0, to: count, by: 200) {
      let events = (start..<min(start + 200, count)).map { _ in testEvent() }
      _ = try await log.append(to: StreamName(category: "test", id: "a"), expected: .any, events)
    }
  }

  @Test func aReaderThatStopsReadsNothingAndHoldsUpNobody() async throws {
    try await withEventLog { log, pool in
      let reads = Mutex<[Int]>([])
      let pages = EventPages(start: .start) { cursor, isBehind in
        let page = try await log.page(after: cursor, limit: isBehind ? 8192 : 500, filter: .all)
        reads.withLock { $0.append(page.events.count) }
        return page
      } wait: { cursor in
        await log.wait(past: cursor, timeout: .seconds(1))
      }
      try await Self.append(1000, to: log)
      var reader = pages.makeAsyncIterator()
      let first = try await reader.next()
      #expect(first?.events.count == 500)

      try await Self.append(20_000, to: log)
      #expect(reads.withLock { $0 } == [500], "nothing is read for a reader that has not asked")
      #expect(pool.counts.lent == 0)

      var seen = first?.events.map(\.position.rawValue) ?? []
      while seen.count < 21_000, let page = try await reader.next() { seen += page.events.map(\.position.rawValue) }
      #expect(seen == Array(1...21_000))
      #expect(reads.withLock { $0 } == [500, 8192, 8192, 4116], "what is far behind is read in large pages")
    }
  }

  @Test func appendsGoOnWhileAReaderSitsOnItsPage() async throws {
    try await withEventLog { log, _ in
      try await Self.append(600, to: log)
      var reader = log.subscribe(after: .start).makeAsyncIterator()
      _ = try await reader.next()
      // Far more than a connection or a buffer could hold back.
      try await Self.append(30_000, to: log)
      #expect(try await log.head() == Position(30_600))
      #expect(try await reader.next()?.first?.position == Position(501))
    }
  }
}
