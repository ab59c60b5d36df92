// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore

extension EventPage {
  /// The events up to a position that are of these types; nil for all.
  func part(upTo end: Position, _ types: Set<String>?) -> EventPage {
    var part = self
    if end < through { part.events = Array(events.prefix { $0.position <= end }) }
    if let types { part.events = part.events.filter { types.contains($0.type) } }
    (part.through, part.isLast) = (end, false)
    return part
  }
}

extension EventCatalog {
  private static let literals = Set(versions.keys)

  /// Makes the types of events the texts in the program, which nobody counts references to: folds at the same time would otherwise fight
  /// over the counts of a few texts that all events share, at each copy of an event.
  static func useLiteralTypes(in events: inout [RecordedEvent]) {
    for index in events.indices {
      if let known = literals.firstIndex(of: events[index].type) { events[index].type = literals[known] }
    }
  }
}
