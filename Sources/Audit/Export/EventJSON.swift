// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation

/// An event as one JSON object: the envelope, and the payload as the log has it.
public enum EventJSON {
  /// Without a line break, whatever the payload.
  public static func object(_ event: RecordedEvent) -> [UInt8] {
    var bytes = Array(
      """
      {"position":\(event.position),"stream":\(string(event.stream.description)),"version":\(event.version),\
      "id":"\(event.id.text)","type":\(string(event.type)),"schemaVersion":\(event.schemaVersion),\
      "owner":\(id(event.owner)),"actor":\(id(event.actor)),"correlationId":\(id(event.correlationId)),\
      "causationId":\(id(event.causationId)),"recordedAt":"\(event.recordedAt.rfc3339)","payload":
      """.utf8)
    // In JSON a line break can only stand between tokens, where a space means the same.
    bytes += event.payload.lazy.map { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0 }
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  private static func id(_ id: UUID?) -> String { id.map { "\"\($0.text)\"" } ?? "null" }

  private static func string(_ text: String) -> String {
    // A string always encodes.
    (try? CanonicalJSON.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
