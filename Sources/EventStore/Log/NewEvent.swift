// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// An event that is to be appended.
public struct NewEvent: Hashable, Sendable {
  /// Unique in the log. The same append sent twice, under the same ids, is answered with the first result.
  public var id: UUID
  public var type: String
  public var schemaVersion: Int
  /// Canonical JSON; stored byte for byte.
  public var payload: [UInt8]
  /// The user whose feed the event belongs to; nil for events that are nobody's, such as those of a content.
  public var owner: UUID?
  /// The user who did it; nil when the system did.
  public var actor: UUID?
  /// What the event is part of, usually the request.
  public var correlationId: UUID?
  /// The event that led to this one.
  public var causationId: UUID?

  public init(
    id: UUID = .v7(), type: String, schemaVersion: Int, payload: [UInt8], owner: UUID? = nil, actor: UUID? = nil,
    correlationId: UUID? = nil, causationId: UUID? = nil
  ) {
    self.id = id
    self.type = type
    self.schemaVersion = schemaVersion
    self.payload = payload
    self.owner = owner
    self.actor = actor
    self.correlationId = correlationId
    self.causationId = causationId
  }

  /// - Throws: `EncodingError`, for values that JSON cannot hold.
  public init<E: DomainEvent>(
    _ event: E, id: UUID = .v7(), owner: UUID? = nil, actor: UUID? = nil, correlationId: UUID? = nil,
    causationId: UUID? = nil
  ) throws {
    self.init(
      id: id, type: E.eventType, schemaVersion: E.schemaVersion, payload: try CanonicalJSON.encode(event),
      owner: owner, actor: actor, correlationId: correlationId, causationId: causationId)
  }
}
