// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// An event as one line of JSON, from which its stored bytes can be made again to the last one. docs/seals.md has the form.
///
/// Read as strictly as it is written: members in this order, no spaces. The payload stands last, byte for byte as it was appended; one with
/// a line break in it, which no event of Onefold has, as base64.
enum EventLine {
  private static let payload = #","payload":"#
  private static let encodedPayload = #","payloadBase64":""#

  /// Appends the line, with its line end. False when the bytes are no event's.
  static func append(_ tuple: EventTuple, to line: inout [UInt8]) -> Bool {
    guard let fields = BinaryTuple.fields(of: tuple.bytes), fields.count == 12,
      let position: Int64 = fields[0]?.integer(), let version: Int64 = fields[1]?.integer(),
      let recordedAt: Int64 = fields[2]?.integer(), let schemaVersion: Int16 = fields[8]?.integer(),
      let stream = fields[9], let type = fields[10], let payload = fields[11]
    else { return false }
    let ids = fields[3...7].map { $0.map(UUID.init(byteArray:)) }
    guard case .some(.some) = ids[0] else { return false }

    line += #"{"position":\#(position),"version":\#(version),"#.utf8
    line += #""recordedAt":"\#(PostgresTime(microseconds: recordedAt))""#.utf8
    for (name, id) in zip(["id", "owner", "actor", "correlationId", "causationId"], ids) {
      switch id {
      case nil: line += #","\#(name)":null"#.utf8
      case .some(nil): return false
      case .some(.some(let id)): line += #","\#(name)":"\#(id.text)""#.utf8
      }
    }
    line += #","schemaVersion":\#(schemaVersion),"stream":"#.utf8
    appendText(stream, to: &line)
    line += #","type":"#.utf8
    appendText(type, to: &line)
    if payload.contains(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      line += encodedPayload.utf8
      line += Data(payload).base64EncodedData()
      line += "\"}\n".utf8
    } else {
      line += Self.payload.utf8
      line += payload
      line += "}\n".utf8
    }
    return true
  }

  /// Reads a line without its line end; nil for anything that ``append(_:to:)`` would not write.
  static func tuple(_ line: [UInt8]) -> EventTuple? {
    var scanner = LineScanner(line)
    guard scanner.skip(#"{"position":"#), let position = scanner.integer(), scanner.skip(#","version":"#),
      let version = scanner.integer(), scanner.skip(#","recordedAt":"#),
      let recordedAt = scanner.text().flatMap({ PostgresTime(String(decoding: $0, as: UTF8.self)) })
    else { return nil }
    var tuple = BinaryTuple(fieldCount: 12)
    tuple.add(position)
    tuple.add(version)
    tuple.add(recordedAt.microseconds)
    for name in ["id", "owner", "actor", "correlationId", "causationId"] {
      guard scanner.skip(#","\#(name)":"#) else { return nil }
      if name != "id", scanner.skip("null") {
        tuple.addNull()
      } else {
        guard let id = scanner.text().flatMap({ UUID(uuidString: String(decoding: $0, as: UTF8.self)) }) else {
          return nil
        }
        tuple.add(id.byteArray)
      }
    }
    guard scanner.skip(#","schemaVersion":"#), let schemaVersion = scanner.integer().flatMap(Int16.init(exactly:)),
      scanner.skip(#","stream":"#), let stream = scanner.text(), scanner.skip(#","type":"#), let type = scanner.text()
    else { return nil }
    tuple.add(schemaVersion)
    tuple.add(stream)
    tuple.add(type)
    guard line.last == UInt8(ascii: "}") else { return nil }
    if scanner.skip(Self.payload) {
      tuple.add(scanner.rest.dropLast())
    } else {
      guard scanner.skip(encodedPayload), let payload = Data(base64Encoded: Data(scanner.rest.dropLast(2))) else {
        return nil
      }
      tuple.add(payload)
    }
    return EventTuple(bytes: tuple.bytes)
  }

  /// A JSON string; only what JSON demands is escaped.
  private static func appendText(_ text: some Sequence<UInt8>, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: line += #"\u00\#([byte].hex)"#.utf8
      default: line.append(byte)
      }
    }
    line.append(UInt8(ascii: "\""))
  }
}
