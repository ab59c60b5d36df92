// SPDX-License-Identifier: Apache-2.0

import Redis
import Testing

@testable import Workers

struct HoldingsTests {
  func deliveries(_ range: Range<UInt64>) -> [Delivery] {
    range.map { Delivery(stream: "s", id: StreamID(milliseconds: $0), fields: [:]) }
  }

  @Test func entryThatIsHeldIsNotTakenTwice() {
    let holdings = Holdings(limit: 10)
    #expect(holdings.add(deliveries(0..<3)).count == 3)
    #expect(holdings.add(deliveries(2..<5)) == deliveries(3..<5))
    #expect(holdings.room == 5)
    #expect(holdings.byStream["s"]?.count == 5)
  }

  @Test func waitsUntilThereIsRoom() async {
    let holdings = Holdings(limit: 4)
    _ = holdings.add(deliveries(0..<4))
    async let waited: Void = holdings.wait(forRoom: 2)
    holdings.remove(deliveries(0..<1))
    holdings.remove(deliveries(1..<2))
    await waited
    #expect(holdings.room >= 2)
  }

  @Test func cancellationEndsTheWait() async {
    let holdings = Holdings(limit: 1)
    _ = holdings.add(deliveries(0..<1))
    let task = Task { await holdings.waitUntilEmpty() }
    task.cancel()
    await task.value
    #expect(holdings.room == 0)
  }
}
