// SPDX-License-Identifier: Apache-2.0

/// Waiters in the order in which they came. Each step costs O(1), also leaving from the middle.
struct WaitQueue<Waiter> {
  private struct Entry {
    var waiter: Waiter
    var deadline: ContinuousClock.Instant
  }

  private var entries: [UInt64: Entry] = [:]
  /// In order, with those that left still in it; `head` is the first that counts.
  private var order: [UInt64] = []
  private var head = 0

  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }

  mutating func append(_ waiter: Waiter, id: UInt64, deadline: ContinuousClock.Instant) {
    entries[id] = Entry(waiter: waiter, deadline: deadline)
    order.append(id)
  }

  mutating func popFirst() -> Waiter? {
    skipThoseThatLeft()
    guard head < order.count else { return nil }
    return remove(order[head])
  }

  mutating func remove(_ id: UInt64) -> Waiter? {
    let waiter = entries.removeValue(forKey: id)?.waiter
    skipThoseThatLeft()
    return waiter
  }

  /// The first waiter's deadline.
  mutating func firstDeadline() -> ContinuousClock.Instant? {
    skipThoseThatLeft()
    return head < order.count ? entries[order[head]]?.deadline : nil
  }

  private mutating func skipThoseThatLeft() {
    while head < order.count, entries[order[head]] == nil { head += 1 }
    if head == order.count {
      order.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 64, head * 2 > order.count {
      order.removeFirst(head)
      head = 0
    }
  }
}
