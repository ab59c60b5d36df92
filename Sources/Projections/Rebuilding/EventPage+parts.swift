// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore

extension EventPage {
  /// What each of several folds wants of the page, in their order; nil types are all.
  ///
  /// Shared out here, in one go: folds that picked at the same time would get in each other's way at every event, whose references are
  /// counted. For the same reason events get their type as the text in the program, which is not counted.
  func parts(for folds: [Set<String>?]) -> [EventPage] {
    var parts = folds.map { _ in EventPage(events: [], through: through, isLast: false) }
    let routes = Dictionary(
      uniqueKeysWithValues: folds.reduce(Set(EventCatalog.versions.keys)) { $0.union($1 ?? []) }.map { type in
        (type, (type: type, folds: folds.indices.filter { folds[$0]?.contains(type) ?? true }))
      })
    let others = folds.indices.filter { folds[$0] == nil }
    for part in parts.indices { parts[part].events.reserveCapacity(events.count) }
    for var event in events {
      let route = routes[event.type]
      if let route { event.type = route.type }
      for fold in route?.folds ?? others { parts[fold].events.append(event) }
    }
    return parts
  }

  /// The events up to a position.
  func prefix(through end: Position) -> EventPage {
    guard end < through else { return self }
    return EventPage(events: Array(events.prefix { $0.position <= end }), through: end, isLast: false)
  }
}
