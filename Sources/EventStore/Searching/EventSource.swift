// SPDX-License-Identifier: Apache-2.0

import Foundation

/// An index by which a search finds its candidates.
enum EventSource: Hashable {
  case stream(StreamName)
  case correlation(UUID)
  case types([String])
  case actor(UUID)
  case owner(UUID)
  /// Positions alone.
  case everything

  /// Every index that serves a query.
  ///
  /// - Parameter types: what the query's types and its category come to; nil for all.
  static func serving(_ query: EventQuery, types: [String]?) -> [EventSource] {
    // A stream is exact: no other index leaves less to look at.
    if let stream = query.stream { return [.stream(stream)] }
    let sources: [EventSource?] = [
      query.correlationId.map(EventSource.correlation), types.map(EventSource.types),
      query.actor.map(EventSource.actor), query.owner.map(EventSource.owner),
    ]
    let found = sources.compactMap { $0 }
    return found.isEmpty ? [.everything] : found
  }
}
