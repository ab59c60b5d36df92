// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

/// The log after all writing: which event is where.
struct FeedTruth: Sendable {
  /// By position, from 1.
  private(set) var ids: [UUID] = []
  /// Positions that are not the one after the one before.
  private(set) var holes: [Position] = []
  private var events: [(position: Position, stream: StreamName, type: String, owner: UUID?)] = []

  init() {}

  init(reading log: PostgresEventLog, until end: UUID) async throws {
    while ids.last != end {
      let after = Position(Int64(ids.count))
      let page = try await Patience.persist { try await log.page(after: after, limit: 8192, filter: .all) }
      guard !page.events.isEmpty else { return }
      for event in page.events { add(event) }
    }
  }

  mutating func add(_ event: RecordedEvent) {
    ids.append(event.id)
    if event.position != Position(Int64(ids.count)) { holes.append(event.position) }
    events.append((event.position, event.stream, event.type, event.owner))
  }

  func positions(_ filter: EventFilter) -> PositionSet {
    var wanted = PositionSet()
    for event in events where filter.wants(event.stream, event.type, event.owner) { _ = wanted.insert(event.position) }
    return wanted
  }

  /// The positions at which something else is than was acknowledged, or nothing.
  func lost(of acknowledged: [FeedLedger.Acknowledgement]) -> [Position] {
    acknowledged.flatMap { one in
      one.ids.enumerated().compactMap { offset, id in
        let index = Int(one.first.rawValue) + offset - 1
        return ids.indices.contains(index) && ids[index] == id ? nil : Position(Int64(index + 1))
      }
    }
  }

  /// The positions of events that nobody was told of: an append that happened twice. The end is nobody's.
  func unacknowledged(by acknowledged: [FeedLedger.Acknowledgement]) -> [Position] {
    var told = PositionSet()
    for one in acknowledged {
      for offset in one.ids.indices { _ = told.insert(Position(one.first.rawValue + Int64(offset))) }
    }
    return positions(.all).subtracting(told).filter { $0 != Position(Int64(ids.count)) }
  }
}
