// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
import Postgres

/// An event that a projection has passed by, because it could not fold it or does not know its type.
public struct ParkedEvent: Equatable, Sendable {
  public var projection: String
  public var position: Position
  public var eventId: UUID
  public var type: String
  public var schemaVersion: Int
  /// Names what is wrong with the event, without values of it.
  public var error: String
  public var attempts: Int
  public var firstAt: Date
  public var lastAt: Date

  /// - Parameter attempts: how often folding it has failed by now.
  init(_ event: RecordedEvent, in projection: any Projection, error: any Error, attempts: Int, at time: Date = Date()) {
    self.projection = projection.name
    position = event.position
    eventId = event.id
    type = event.type
    schemaVersion = event.schemaVersion
    self.error = "\(error)"
    self.attempts = attempts
    firstAt = time
    lastAt = time
  }
}

extension ParkedEvent {
  static let columns: StaticString =
    "projection, position, event_id, type, schema_version, error, attempts, first_at, last_at"

  init(_ row: PostgresRow) throws(PostgresError) {
    let (place, version, tries): (Int64, Int32, Int32)
    (projection, place, eventId, type, version, error, tries, firstAt, lastAt) = try row.decode(
      (String, Int64, UUID, String, Int32, String, Int32, Date, Date).self)
    position = Position(place)
    schemaVersion = Int(version)
    attempts = Int(tries)
  }
}
