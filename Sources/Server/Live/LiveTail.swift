// SPDX-License-Identifier: Apache-2.0

import EventStore

/// The newest events of one owner, for clients that are nearly up to date; older ones are read from the log.
///
/// It is what bounds memory: clients have no queues of their own, only a place, and one that falls behind the tail goes back to the log.
struct LiveTail {
  /// Every event of the owner past this position is here.
  private(set) var floor: Position
  private var events: ArraySlice<LiveEvent> = []
  let capacity: Int

  init(after floor: Position, capacity: Int) {
    self.floor = floor
    self.capacity = capacity
  }

  /// Events come in the order of the log. One at or below the floor is there already, by what `floor` means.
  mutating func append(_ event: LiveEvent) {
    guard event.position > (events.last?.position ?? floor) else { return }
    events.append(event)
    if events.count > capacity, let oldest = events.popFirst() { floor = oldest.position }
  }

  /// Up to `limit` events after a position; nil when some of them are no longer here.
  func events(after position: Position, limit: Int) -> ArraySlice<LiveEvent>? {
    guard position >= floor else { return nil }
    var low = events.startIndex
    var high = events.endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if events[middle].position <= position { low = middle + 1 } else { high = middle }
    }
    return events[low...].prefix(limit)
  }
}
