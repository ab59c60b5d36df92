// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore

/// How an export writes events: one a line, and at the end a line that says so. What ends without that line was cut off.
public enum EventFormat: Sendable {
  /// JSON objects as the API gives them. The last line is `{"end":true,"given":…,"through":…}`.
  case ndjson
  /// RFC 4180, with a line of names first. The last record has `end` in place of a position, and how many events there were beside it.
  case csv

  /// What stands before the first event.
  public var header: [UInt8] {
    switch self {
    case .ndjson: []
    case .csv: CSV.record(Self.fields)
    }
  }

  public func line(_ event: RecordedEvent) -> [UInt8] {
    switch self {
    case .ndjson: EventJSON.object(event) + [UInt8(ascii: "\n")]
    case .csv: CSV.record(Self.cells(event))
    }
  }

  /// What stands after the last event.
  public func end(given: Int, through: Position) -> [UInt8] {
    switch self {
    case .ndjson: Array("{\"end\":true,\"given\":\(given),\"through\":\(through)}\n".utf8)
    case .csv:
      CSV.record(["end", String(given)] + [String](repeating: "", count: Self.fields.count - 2))
    }
  }

  var recorded: AuditQueried.Format { self == .ndjson ? .ndjson : .csv }

  private static let fields = [
    "position", "recordedAt", "type", "stream", "version", "id", "schemaVersion", "owner", "actor", "correlationId",
    "causationId", "payload",
  ]

  private static func cells(_ event: RecordedEvent) -> [String] {
    [
      event.position.description, event.recordedAt.rfc3339, event.type, event.stream.description, String(event.version),
      event.id.text, String(event.schemaVersion), event.owner?.text ?? "", event.actor?.text ?? "",
      event.correlationId?.text ?? "", event.causationId?.text ?? "", String(decoding: event.payload, as: UTF8.self),
    ]
  }
}
