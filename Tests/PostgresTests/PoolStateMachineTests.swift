// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Postgres
import TestSupport

/// Connections are numbers, waiters are letters.
@Suite("Pool: state machine")
struct PoolStateMachineTests {
  typealias Machine = PoolStateMachine<Int, String>
  let start = ContinuousClock.now

  func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// A machine whose connections 1…n are all lent.
  func exhausted(_ limit: Int = 1) -> Machine {
    var machine = Machine(limit: limit)
    for _ in 1...limit {
      #expect(machine.acquireImmediately() == .connect)
      machine.connected()
    }
    return machine
  }

  @discardableResult
  func wait(_ machine: inout Machine, _ waiter: String, _ id: UInt64, deadline: Int = 10) -> ContinuousClock.Instant? {
    guard case .waiting(let wakeAt) = machine.acquire(waiter, id: id, deadline: at(deadline)) else {
      Issue.record("\(waiter) should wait")
      return nil
    }
    return wakeAt
  }

  @Test func opensNoMoreThanTheLimit() {
    var machine = Machine(limit: 2)
    #expect(machine.acquireImmediately() == .connect)
    #expect(machine.acquireImmediately() == .connect)
    #expect(machine.acquireImmediately() == nil)
    #expect(machine.counts == PoolCounts(connecting: 2))
  }

  @Test func connectionGivenBackIsLentAgain() {
    var machine = exhausted()
    let outcome = machine.release(1, isReusable: true, at: at(0))
    #expect(outcome.resume == nil)
    #expect(machine.counts == PoolCounts(idle: 1))
    #expect(machine.acquireImmediately() == .lend(1))
  }

  @Test func theOneUsedLastIsLentFirst() {
    var machine = exhausted(2)
    _ = machine.release(1, isReusable: true, at: at(0))
    _ = machine.release(2, isReusable: true, at: at(1))
    #expect(machine.acquireImmediately() == .lend(2))
  }

  @Test func waitersAreServedInTheOrderOfTheirComing() {
    var machine = exhausted()
    for (id, waiter) in ["a", "b", "c"].enumerated() { wait(&machine, waiter, UInt64(id)) }
    for expected in ["a", "b", "c"] {
      let outcome = machine.release(1, isReusable: true, at: at(1))
      #expect(outcome.resume?.waiter == expected)
      #expect(outcome.resume?.grant == .lend(1))
    }
    #expect(machine.counts == PoolCounts(lent: 1))
  }

  @Test func brokenConnectionGivesItsPlaceToTheFirstWaiter() {
    var machine = exhausted()
    wait(&machine, "a", 1)
    let outcome = machine.release(1, isReusable: false, at: at(1))
    #expect(outcome.close == 1)
    #expect(outcome.resume?.waiter == "a")
    #expect(outcome.resume?.grant == .connect)
    #expect(machine.counts == PoolCounts(connecting: 1))
  }

  @Test func failedConnectGivesItsPlaceToTheNextWaiter() {
    var machine = Machine(limit: 1)
    #expect(machine.acquireImmediately() == .connect)
    wait(&machine, "a", 1)
    wait(&machine, "b", 2)
    #expect(machine.connectFailed().resume?.waiter == "a")
    #expect(machine.connectFailed().resume?.waiter == "b")
    #expect(machine.connectFailed().resume == nil)
    #expect(machine.counts == PoolCounts())
  }

  @Test func whoGivesUpIsPassedOver() {
    var machine = exhausted()
    for (id, waiter) in ["a", "b", "c"].enumerated() { wait(&machine, waiter, UInt64(id)) }
    #expect(machine.cancel(0) == "a")
    #expect(machine.cancel(0) == nil)
    #expect(machine.release(1, isReusable: true, at: at(1)).resume?.waiter == "b")
    #expect(machine.cancel(1) == nil)
  }

  @Test func oneTimerServesAllWaiters() {
    var machine = exhausted()
    #expect(wait(&machine, "a", 1, deadline: 10) == at(10))
    #expect(wait(&machine, "b", 2, deadline: 11) == nil)
    #expect(wait(&machine, "c", 3, deadline: 12) == nil)
    let (expired, wakeAt) = machine.expire(at: at(11))
    #expect(expired == ["a", "b"])
    #expect(wakeAt == at(12))
    #expect(wait(&machine, "d", 4, deadline: 21) == nil)
  }

  @Test func timerIsSetAnewAfterTheLineWasEmpty() {
    var machine = exhausted()
    #expect(wait(&machine, "a", 1, deadline: 10) == at(10))
    #expect(machine.cancel(1) == "a")
    let (expired, wakeAt) = machine.expire(at: at(10))
    #expect(expired.isEmpty)
    #expect(wakeAt == nil)
    #expect(wait(&machine, "b", 2, deadline: 25) == at(25))
  }

  @Test func onlyConnectionsThatWereIdleForLongAreTakenOut() {
    var machine = exhausted(3)
    for number in 1...3 { _ = machine.release(number, isReusable: true, at: at(number)) }
    #expect(machine.removeIdle(since: at(2)) == [1, 2])
    #expect(machine.counts == PoolCounts(idle: 1))
    #expect(machine.acquireImmediately() == .lend(3))
    #expect(machine.acquireImmediately() == .connect)
  }

  @Test func closingRefusesWaitersAndAwaitsWhatIsLent() {
    var machine = exhausted(3)
    _ = machine.release(1, isReusable: true, at: at(0))
    #expect(machine.acquireImmediately() == .lend(1))
    wait(&machine, "a", 1)
    _ = machine.release(3, isReusable: true, at: at(0))  // goes to a
    _ = machine.release(2, isReusable: true, at: at(0))
    let (close, refuse, isDrained) = machine.close()
    #expect(close == [2])
    #expect(refuse.isEmpty)
    #expect(!isDrained)
    guard case .refused = machine.acquire("b", id: 2, deadline: at(9)) else {
      Issue.record("a closed pool lends nothing")
      return
    }
    let first = machine.release(1, isReusable: true, at: at(1))
    #expect(first.close == 1)
    #expect(!first.isDrained)
    let last = machine.release(3, isReusable: true, at: at(1))
    #expect(last.isDrained)
    #expect(machine.counts == PoolCounts())
  }

  @Test func closingWhileConnectingIsDrainedOnceThatHasFailed() {
    var machine = Machine(limit: 1)
    #expect(machine.acquireImmediately() == .connect)
    wait(&machine, "a", 1)
    let (_, refuse, isDrained) = machine.close()
    #expect(refuse == ["a"])
    #expect(!isDrained)
    #expect(machine.connectFailed().isDrained)
  }

  /// Random steps against what must hold at every moment.
  @Test(arguments: [UInt64(1), 2, 3, 4, 5])
  func neverExceedsItsLimitNorForgetsAnyone(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let limit = Int.random(in: 1...4, using: &generator)
    var machine = Machine(limit: limit)
    var lent: [Int] = [], connecting = 0, nextConnection = 0, nextWaiter: UInt64 = 0
    var line: [UInt64] = []

    func take(_ grant: PoolGrant<Int>) {
      switch grant {
      case .lend(let connection):
        #expect(!lent.contains(connection), "lent twice")
        lent.append(connection)
      case .connect: connecting += 1
      }
    }
    func serve(_ outcome: Machine.Outcome) {
      guard let (waiter, grant) = outcome.resume else { return }
      #expect(waiter == "\(line.removeFirst())", "out of turn")
      take(grant)
    }

    for step in 0..<2000 {
      switch Int.random(in: 0..<6, using: &generator) {
      case 0, 1:
        nextWaiter += 1
        switch machine.acquire("\(nextWaiter)", id: nextWaiter, deadline: at(step + 100)) {
        case .granted(let grant): take(grant)
        case .waiting: line.append(nextWaiter)
        case .refused: Issue.record("refused though open")
        }
      case 2 where connecting > 0:
        connecting -= 1
        if Bool.random(using: &generator) {
          machine.connected()
          nextConnection += 1
          lent.append(nextConnection)
        } else {
          serve(machine.connectFailed())
        }
      case 3, 4:
        guard let index = lent.indices.randomElement(using: &generator) else { continue }
        let isReusable = Int.random(in: 0..<4, using: &generator) > 0
        serve(machine.release(lent.remove(at: index), isReusable: isReusable, at: at(step)))
      case 5:
        guard let index = line.indices.randomElement(using: &generator) else { continue }
        let id = line.remove(at: index)
        #expect(machine.cancel(id) == "\(id)")
      default: continue
      }
      let counts = machine.counts
      #expect(counts.idle + counts.lent + counts.connecting <= limit)
      #expect(counts.lent == lent.count)
      #expect(counts.connecting == connecting)
      #expect(counts.waiting == line.count)
      #expect(counts.waiting == 0 || counts.lent + counts.connecting == limit, "somebody waits beside a free place")
    }
  }
}
