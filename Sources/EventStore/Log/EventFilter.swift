// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Which events a reader wants; what is nil does not restrict, and all that is given must hold.
public struct EventFilter: Hashable, Sendable {
  public var types: Set<String>?
  public var category: String?
  public var owner: UUID?

  public static let all = EventFilter()

  public init(types: Set<String>? = nil, category: String? = nil, owner: UUID? = nil) {
    self.types = types
    self.category = category
    self.owner = owner
  }

  public static func types(_ types: Set<String>) -> EventFilter { EventFilter(types: types) }

  public static func category(_ category: String) -> EventFilter { EventFilter(category: category) }

  public static func owner(_ owner: UUID) -> EventFilter { EventFilter(owner: owner) }

  public func matches(_ event: RecordedEvent) -> Bool { wants(event.stream, event.type, event.owner) }

  func wants(_ stream: StreamName, _ type: String, _ owner: UUID?) -> Bool {
    types.map { $0.contains(type) } ?? true
      && category.map { $0 == stream.category } ?? true
      && self.owner.map { $0 == owner } ?? true
  }
}
