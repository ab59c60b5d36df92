// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EventStore

struct PositionSignalTests {
  private let signal = PositionSignal()

  @Test func aPositionThatIsKnownIsNotWaitedFor() async {
    signal.advance(to: Position(5))
    await signal.wait(past: Position(4))
  }

  @Test func waitersWakeWhenTheirPositionIsPassed() async {
    await withTaskGroup { group in
      for position in 0..<50 {
        group.addTask { await signal.wait(past: Position(Int64(position))) }
      }
      for position in 1...50 { signal.advance(to: Position(Int64(position))) }
      await group.waitForAll()
    }
    #expect(signal.newest == Position(50))
  }

  @Test func neverGoesBack() {
    signal.advance(to: Position(5))
    signal.advance(to: Position(3))
    #expect(signal.newest == Position(5))
  }

  @Test func aCancelledWaiterReturns() async {
    let waiting = Task { await signal.wait(past: .start) }
    waiting.cancel()
    await waiting.value
  }

  @Test func aWaiterReturnsWhenItsTimeIsUp() async {
    await signal.wait(past: .start, timeout: .milliseconds(1))
    #expect(signal.newest == .start)
  }
}
