// SPDX-License-Identifier: Apache-2.0

import Projections

/// `{"items": […], "next": …}`
struct ListBody<Item: Encodable>: Encodable {
  let items: [Item]
  let next: String?

  init<Source>(_ page: Page<Source>, _ transform: (Source) -> Item) {
    items = page.items.map(transform)
    next = page.next
  }

  private enum CodingKeys: CodingKey { case items, next }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(items, forKey: .items)
    // Written as null at the end of the list.
    try container.encode(next, forKey: .next)
  }
}
