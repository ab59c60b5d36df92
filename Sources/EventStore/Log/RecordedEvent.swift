// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// An event as the log holds it: the envelope, and the payload as it was appended (or as upcasters made it at the read).
public struct RecordedEvent: Hashable, Sendable {
  public var position: Position
  /// The place in the stream, from 1.
  public var version: Int64
  /// When it was appended. Never earlier than the time of the event before it.
  public var recordedAt: Date
  public var id: UUID
  public var owner: UUID?
  public var actor: UUID?
  public var correlationId: UUID?
  public var causationId: UUID?
  public var schemaVersion: Int
  public var stream: StreamName
  public var type: String
  /// JSON.
  public var payload: [UInt8]

  public init(
    position: Position, version: Int64, recordedAt: Date, id: UUID, owner: UUID? = nil, actor: UUID? = nil,
    correlationId: UUID? = nil, causationId: UUID? = nil, schemaVersion: Int, stream: StreamName, type: String,
    payload: [UInt8]
  ) {
    self.position = position
    self.version = version
    self.recordedAt = recordedAt
    self.id = id
    self.owner = owner
    self.actor = actor
    self.correlationId = correlationId
    self.causationId = causationId
    self.schemaVersion = schemaVersion
    self.stream = stream
    self.type = type
    self.payload = payload
  }

  init(_ event: NewEvent, stream: StreamName, version: Int64, position: Position, recordedAt: Date) {
    self.init(
      position: position, version: version, recordedAt: recordedAt, id: event.id, owner: event.owner,
      actor: event.actor, correlationId: event.correlationId, causationId: event.causationId,
      schemaVersion: event.schemaVersion, stream: stream, type: event.type, payload: event.payload)
  }

  /// - Throws: ``EventDecodingError`` when the event is of another type, of a schema version that this program does not know, or broken.
  public func decode<E: DomainEvent>(_ event: E.Type) throws -> E {
    guard type == E.eventType else { throw EventDecodingError(self, "it is not a \(E.eventType)") }
    guard (E.alikeSince...E.schemaVersion).contains(schemaVersion) else {
      throw EventDecodingError(self, "schema version \(E.schemaVersion) is the one that this program reads")
    }
    do {
      return try CanonicalJSON.decode(E.self, from: payload)
    } catch {
      throw EventDecodingError(self, "\(error)")
    }
  }
}

/// An event that cannot be read; it will not be read better next time.
public struct EventDecodingError: Error, Equatable, CustomStringConvertible {
  public let position: Position
  public let type: String
  public let schemaVersion: Int
  public let reason: String

  public init(_ event: RecordedEvent, _ reason: String) {
    position = event.position
    type = event.type
    schemaVersion = event.schemaVersion
    self.reason = reason
  }

  public var description: String {
    "The event at position \(position) (\(type), schema version \(schemaVersion)) cannot be decoded: \(reason)"
  }
}
