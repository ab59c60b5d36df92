// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON value under construction: the place that an encoding container fills.
final class JSONNode {
  enum Value {
    case null
    case bool(Bool)
    /// Digits, as JSON spells them.
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])
  }

  /// A type that asks for no container has no members.
  var value = Value.object([:])

  func append() -> JSONNode {
    let element = JSONNode()
    if case .array(let elements) = value { value = .array(elements + [element]) } else { value = .array([element]) }
    return element
  }

  func member(_ name: String) -> JSONNode {
    let member = JSONNode()
    guard case .object(var members) = value else {
      value = .object([name: member])
      return member
    }
    value = .null  // Gives up the second reference, so that the dictionary grows in place.
    members[name] = member
    value = .object(members)
    return member
  }

  /// - Throws: `EncodingError` for a number that JSON cannot hold, and whatever the value's own `encode(to:)` throws.
  func fill(with content: some Encodable, at codingPath: [any CodingKey]) throws {
    switch content {
    case let text as String: value = .string(text)
    case let id as UUID: value = .string(id.text)
    case let flag as Bool: value = .bool(flag)
    case let number as any FixedWidthInteger: value = .number("\(number)")
    case let number as Double: value = .number(try digits(number, number.isFinite, codingPath))
    case let number as Float: value = .number(try digits(number, number.isFinite, codingPath))
    default: try content.encode(to: JSONNodeEncoder(node: self, codingPath: codingPath))
    }
  }

  private func digits(
    _ number: some BinaryFloatingPoint, _ isFinite: Bool, _ codingPath: [any CodingKey]
  ) throws -> String {
    guard isFinite else {
      throw EncodingError.invalidValue(
        number, .init(codingPath: codingPath, debugDescription: "JSON has no spelling for \(number)."))
    }
    return "\(number)"
  }
}

extension JSONNode {
  func write(to bytes: inout [UInt8]) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .number(let digits): bytes.append(contentsOf: digits.utf8)
    case .string(let text): Self.write(text, to: &bytes)
    case .array(let elements):
      var opening = UInt8(ascii: "[")
      if elements.isEmpty { bytes.append(opening) }
      for element in elements {
        bytes.append(opening)
        element.write(to: &bytes)
        opening = UInt8(ascii: ",")
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      var opening = UInt8(ascii: "{")
      if members.isEmpty { bytes.append(opening) }
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        bytes.append(opening)
        Self.write(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.write(to: &bytes)
        opening = UInt8(ascii: ",")
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for unit in text.utf8 {
      switch unit {
      case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
      case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
      case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
      case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
      case 0x0a: bytes.append(contentsOf: #"\n"#.utf8)
      case 0x0c: bytes.append(contentsOf: #"\f"#.utf8)
      case 0x0d: bytes.append(contentsOf: #"\r"#.utf8)
      case 0..<0x20: bytes.append(contentsOf: (#"\u00"# + [unit].hex).utf8)
      default: bytes.append(unit)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
