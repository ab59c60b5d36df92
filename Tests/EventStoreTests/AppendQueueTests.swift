// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EventStore

struct AppendQueueTests {
  private func entry(_ ticket: UInt64, events: Int) -> AppendQueue<Void>.Entry {
    AppendQueue<Void>.Entry(
      ticket: ticket,
      appends: [
        StreamAppend(
          stream: AppendPlanTests.stream, expected: .any, events: (0..<events).map { _ in AppendPlanTests.event() })
      ], waiter: ())
  }

  private func queue(limit: Int, of counts: [Int]) -> AppendQueue<Void> {
    var queue = AppendQueue<Void>(batchLimit: limit)
    for count in counts {
      let ticket = queue.ticket()
      queue.add(entry(ticket, events: count))
    }
    return queue
  }

  @Test func aBatchIsWhatArrivedInItsOrder() {
    var queue = queue(limit: 500, of: [1, 2, 3])
    #expect(queue.takeBatch().map(\.ticket) == [1, 2, 3])
    #expect(queue.takeBatch().isEmpty)
  }

  @Test func aBatchStopsAtTheLimitOfEvents() {
    var queue = queue(limit: 5, of: [2, 3, 1])
    #expect(queue.takeBatch().map(\.ticket) == [1, 2])
    #expect(queue.takeBatch().map(\.ticket) == [3])
  }

  @Test func anAppendAboveTheLimitGoesAlone() {
    var queue = queue(limit: 5, of: [9, 1])
    #expect(queue.takeBatch().map(\.ticket) == [1])
    #expect(queue.takeBatch().map(\.ticket) == [2])
  }

  @Test func guardsCountToo() {
    var queue = queue(limit: 2, of: [0, 0, 0])
    #expect(queue.takeBatch().count == 2)
  }

  @Test func aWithdrawnAppendLeavesTheOthers() {
    var queue = queue(limit: 5, of: [1, 1, 1])
    #expect(queue.withdraw(2)?.ticket == 2)
    #expect(queue.withdraw(2) == nil)
    #expect(queue.takeBatch().map(\.ticket) == [1, 3])
  }
}

extension AppendQueue.Entry: Equatable {
  static func == (left: Self, right: Self) -> Bool { left.ticket == right.ticket }
}
