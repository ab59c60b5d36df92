// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres

/// A part of the queue: a class, a kind or a tenant.
struct QueuePart: Hashable {
  var scope: String
  var value: String

  init(_ event: RecordedEvent) throws {
    let payload = Payload(event)
    scope = try payload.text("scope")
    value = try payload.text("value")
  }
}

/// What a batch says of one part of the queue: the last word on its pause and on its limits, nil where nothing was said.
struct QueueChange {
  struct Limits {
    var concurrency: Int32?
    var ratePerSecond: Int32?
    var weight: Int32?
  }

  var position: Int64 = 0
  var at = Date.distantPast
  var actor: UUID?
  var paused: Bool?
  var reason: String?
  var limits: Limits?

  mutating func fold(_ event: RecordedEvent) throws {
    let payload = Payload(event)
    switch event.type {
    case "queue.paused":
      paused = true
      reason = try payload.optionalText("reason")
    case "queue.resumed":
      paused = false
      reason = nil
    default:
      limits = Limits(
        concurrency: try payload.optionalInteger("concurrency").map { Int32(clamping: $0) },
        ratePerSecond: try payload.optionalInteger("ratePerSecond").map { Int32(clamping: $0) },
        weight: try payload.optionalInteger("weight").map { Int32(clamping: $0) })
    }
    position = event.position.rawValue
    at = event.recordedAt
    actor = event.actor
  }
}

extension JobsProjection {
  static func change(_ queues: InOrder<QueuePart, QueueChange>) -> Query {
    """
    WITH change AS (
      SELECT *
      FROM unnest(
        \(queues.keys.map(\.scope)), \(queues.keys.map(\.value)), \(queues.values.map(\.position)),
        \(queues.values.map(\.at)), \(queues.values.map(\.actor)), \(queues.values.map(\.paused)),
        \(queues.values.map(\.reason)), \(queues.values.map { $0.limits != nil }),
        \(queues.values.map(\.limits?.concurrency)), \(queues.values.map(\.limits?.ratePerSecond)),
        \(queues.values.map(\.limits?.weight))
      ) AS change (
        scope, value, position, changed_at, actor, paused, reason, limited, concurrency, rate_per_second, weight
      )
    ), update AS (
      UPDATE control
      SET position = change.position, changed_at = change.changed_at, actor = change.actor,
        paused = coalesce(change.paused, control.paused),
        reason = CASE WHEN change.paused IS NULL THEN control.reason ELSE change.reason END,
        concurrency = CASE WHEN limited THEN change.concurrency ELSE control.concurrency END,
        rate_per_second = CASE WHEN limited THEN change.rate_per_second ELSE control.rate_per_second END,
        weight = CASE WHEN limited THEN change.weight ELSE control.weight END
      FROM change
      WHERE control.scope = change.scope AND control.value = change.value
    )
    INSERT INTO control (
      position, changed_at, actor, concurrency, rate_per_second, weight, paused, scope, value, reason
    )
    SELECT position, changed_at, actor, concurrency, rate_per_second, weight, coalesce(paused, false), scope, value, reason
    FROM change
    WHERE NOT EXISTS (SELECT FROM control WHERE control.scope = change.scope AND control.value = change.value)
    """
  }
}
