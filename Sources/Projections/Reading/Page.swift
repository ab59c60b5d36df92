// SPDX-License-Identifier: Apache-2.0

/// A part of a list, and the cursor of the part after it.
public struct Page<Item: Sendable>: Sendable {
  public var items: [Item]
  /// Nil at the end of the list.
  public var next: String?

  public init(items: [Item], next: String?) {
    self.items = items
    self.next = next
  }

  /// - Parameter found: what a query for one more than `limit` gave: that one tells that there is a next part.
  init<After: ListCursor>(_ found: [Item], limit: Int, cursor: (Item) -> After) {
    items = Array(found.prefix(limit))
    next = found.count > limit ? items.last.map { cursor($0).text } : nil
  }

  public func map<Other: Sendable>(_ transform: (Item) throws -> Other) rethrows -> Page<Other> {
    Page<Other>(items: try items.map(transform), next: next)
  }
}

extension Page: Equatable where Item: Equatable {}
