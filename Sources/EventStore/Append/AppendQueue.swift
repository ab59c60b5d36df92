// SPDX-License-Identifier: Apache-2.0

/// The appends that wait for the next commit, in the order of their arrival. Pure; its owner guards it with a lock.
struct AppendQueue<Waiter> {
  struct Entry {
    let ticket: UInt64
    let appends: [StreamAppend]
    let waiter: Waiter

    var eventCount: Int { appends.reduce(0) { $0 + $1.events.count } }
  }

  /// A transaction takes no more events than this, unless a single append has more.
  let batchLimit: Int

  private var entries: [Entry] = []
  private var lastTicket: UInt64 = 0

  init(batchLimit: Int) { self.batchLimit = batchLimit }

  var count: Int { entries.count }

  var isEmpty: Bool { entries.isEmpty }

  /// A name for an append that is about to be added.
  mutating func ticket() -> UInt64 {
    lastTicket += 1
    return lastTicket
  }

  mutating func add(_ entry: Entry) { entries.append(entry) }

  /// Takes an append back; nil when it is under way, or done.
  mutating func withdraw(_ ticket: UInt64) -> Entry? {
    entries.firstIndex { $0.ticket == ticket }.map { entries.remove(at: $0) }
  }

  /// What goes into the next transaction: whatever came while the last one was under way. Empty when nothing did.
  mutating func takeBatch() -> [Entry] {
    var count = 0
    var end = 0
    for entry in entries {
      count += max(1, entry.eventCount)
      if end > 0, count > batchLimit { break }
      end += 1
    }
    let batch = Array(entries[..<end])
    entries.removeFirst(end)
    return batch
  }
}

extension AppendQueue.Entry: Sendable where Waiter: Sendable {}
