// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

/// Follows the log from its start, live, and begins again where it was whenever the database goes away.
public struct FeedReader: Sendable {
  let name: String
  let filter: EventFilter
  /// The events after a position that the filter wants, in pages.
  let pages: @Sendable (PostgresEventLog, Position) -> EventPages

  /// By position, by category, by type and by owner.
  public static let all = [
    FeedReader("all", .all),
    FeedReader("category", .category(FeedWriter.categories[1])),
    FeedReader("types", .types(Set(FeedWriter.categories.map { "\($0).rare" }))),
    FeedReader("owner", .owner(FeedWriter.owner)),
  ]

  init(_ name: String, _ filter: EventFilter) {
    self.init(name, filter) { log, position in log.subscribe(after: position, filter: filter).pages }
  }

  init(
    _ name: String, _ filter: EventFilter, pages: @escaping @Sendable (PostgresEventLog, Position) -> EventPages
  ) {
    self.name = name
    self.filter = filter
    self.pages = pages
  }

  /// - Parameter end: the id of the log's last event, which every filter wants.
  func follow(_ log: PostgresEventLog, until end: UUID) async throws -> FeedReading {
    var reading = FeedReading(name: name, filter: filter)
    var through = Position.start
    while true {
      do {
        for try await page in pages(log, through) {
          reading.note(page.events.map(\.position))
          through = page.through
          if page.events.last?.id == end { return reading }
        }
        try Task.checkCancellation()
      } catch let error as PostgresError where error.isTransient {
        try await Task.sleep(for: Patience.pause)
      }
    }
  }
}
