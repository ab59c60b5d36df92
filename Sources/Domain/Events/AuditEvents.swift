// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// An administrator has asked the log. Stream: `system-audit`.
///
/// Appended before the answer goes out, for each page of it.
public struct AuditQueried: DomainEvent {
  public static let eventType = "system.auditQueried"
  public var filter: Filter
  public var order: Order
  public var format: Format
  /// Where the page before ended, when this one goes on.
  public var after: Int64?
  /// How many events the answer holds; nil for an export, whose end is told by ``AuditExported``.
  public var given: Int?
  /// The position up to which the answer has looked; nil for an export.
  public var through: Int64?

  public enum Order: String, Codable, Sendable, CaseIterable { case newest, oldest }

  public enum Format: String, Codable, Sendable, CaseIterable { case json, ndjson, csv, table }

  /// What was asked for. Absent: not restricted.
  ///
  /// A text that was looked for is not repeated, because it may be about a person, and the log cannot forget: only that there was one.
  public struct Filter: Codable, Equatable, Sendable {
    public var actor: UUID?
    public var owner: UUID?
    public var types: [String]?
    public var category: String?
    public var stream: String?
    public var correlationId: UUID?
    /// The first and the last position.
    public var from: Int64?
    public var to: Int64?
    /// True, or absent.
    public var text: Bool?

    public init() {}
  }

  public init(
    filter: Filter, order: Order, format: Format, after: Int64? = nil, given: Int? = nil, through: Int64? = nil
  ) {
    self.filter = filter
    self.order = order
    self.format = format
    self.after = after
    self.given = given
    self.through = through
  }
}

/// An export has ended. It was caused by the ``AuditQueried`` that its envelope names.
public struct AuditExported: DomainEvent {
  public static let eventType = "system.auditExported"
  /// How many events were sent.
  public var given: Int
  /// The position up to which the export has looked.
  public var through: Int64
  /// False when it was cut off: by who asked, or by a failure.
  public var complete: Bool

  public init(given: Int, through: Int64, complete: Bool) {
    self.given = given
    self.through = through
    self.complete = complete
  }
}
