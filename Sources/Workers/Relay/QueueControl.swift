// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Redis

/// Pauses and limits on their way from the log into Redis.
enum QueueControl {
  static let eventTypes: Set<String> = [QueuePaused.eventType, QueueResumed.eventType, QueueLimited.eventType]

  /// As ``JobRelay``'s script reads them; nothing for other events, and for those that cannot be read.
  static func words(for event: RecordedEvent) -> [RedisArgument] {
    guard eventTypes.contains(event.type) else { return [] }
    let position = RedisArgument.string(event.position.description)
    if let paused = try? event.decode(QueuePaused.self) {
      return ["pause", position, .string(name(paused.scope, paused.value)), "1"]
    }
    if let resumed = try? event.decode(QueueResumed.self) {
      return ["pause", position, .string(name(resumed.scope, resumed.value)), ""]
    }
    if let limits = try? event.decode(QueueLimited.self) {
      return ["limit", position, .string(name(limits.scope, limits.value))]
        + [limits.concurrency, limits.ratePerSecond, limits.weight].map { .string($0.map { String($0) } ?? "") }
    }
    return []
  }

  private static func name(_ scope: QueueScope, _ value: String) -> String { "\(scope.rawValue):\(value)" }
}
