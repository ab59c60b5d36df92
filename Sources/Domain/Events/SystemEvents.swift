// SPDX-License-Identifier: Apache-2.0

/// What may happen to the installation. Streams: `system-projections`, `system-audit`.
public enum SystemEvent: Equatable, Sendable {
  case projectionRebuilt(ProjectionRebuilt)
  case auditQueried(AuditQueried)
  case auditExported(AuditExported)
}

public struct ProjectionRebuilt: DomainEvent {
  public static let eventType = "system.projectionRebuilt"
  public var projection: String
  /// The position up to which the new tables were folded when they were compared with the old ones.
  public var position: Int64
  public var rows: Int64
  /// SHA-256 over the rows in key order: equal before and after when rebuilt = live.
  public var digest: Digest

  public init(projection: String, position: Int64, rows: Int64, digest: Digest) {
    self.projection = projection
    self.position = position
    self.rows = rows
    self.digest = digest
  }
}
