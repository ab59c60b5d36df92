// SPDX-License-Identifier: Apache-2.0

import Postgres

/// The order in which a search gives events.
public enum EventOrder: Sendable, Hashable {
  case newestFirst, oldestFirst

  var direction: StaticString { self == .newestFirst ? "DESC" : "ASC" }

  /// Of several positions, the one that is reached last.
  var farthest: StaticString { self == .newestFirst ? "min" : "max" }

  /// Whether `left` is reached after `right`.
  func isFarther(_ left: Position, than right: Position) -> Bool {
    self == .newestFirst ? left < right : left > right
  }
}

/// The positions that are still to be looked at, in an order.
struct EventSpan: Hashable {
  let order: EventOrder
  private(set) var first: Position
  private(set) var last: Position

  /// - Parameters:
  ///   - head: nothing beyond it is looked at.
  ///   - cursor: where the part before ended. It comes from outside, and may be any number.
  init(_ query: EventQuery, _ order: EventOrder, upTo head: Position, after cursor: Position?) {
    self.order = order
    first = max(query.from, Position(1))
    last = min(query.to, head)
    if let cursor { move(past: cursor) }
  }

  mutating func move(past position: Position) {
    switch order {
    case .newestFirst: last = min(last, Position(max(position.rawValue, 1) - 1))
    case .oldestFirst: first = max(first, Position(min(position, last).rawValue + 1))
    }
  }

  var isEmpty: Bool { first > last }

  /// The position that is reached last.
  var end: Position { order == .newestFirst ? first : last }
}
