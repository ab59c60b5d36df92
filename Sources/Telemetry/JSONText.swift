// SPDX-License-Identifier: Apache-2.0

import Logging

/// JSON written straight into a string: log lines and spans are too frequent for an encoder and its boxes.
struct JSONText {
  private(set) var text = ""

  /// One object, whole.
  static func object(_ members: (inout JSONText) -> Void) -> String {
    var json = JSONText()
    json.object(members)
    return json.text
  }

  mutating func object(_ members: (inout JSONText) -> Void) {
    text += "{"
    members(&self)
    text += "}"
  }

  mutating func member(_ name: String, _ value: String) { member(name) { $0.string(value) } }

  mutating func member(_ name: String, _ value: Bool) { member(name) { $0.text += value ? "true" : "false" } }

  mutating func member(_ name: String, _ value: Int) { member(name) { $0.text += "\(value)" } }

  /// What JSON has no number for becomes one of the three words that protobuf's JSON has for it.
  mutating func member(_ name: String, _ value: Double) { member(name) { $0.number(value) } }

  mutating func member(_ name: String, _ value: Logger.Metadata.Value) { member(name) { $0.value(value) } }

  /// An object within this one.
  mutating func nested(_ name: String, _ members: (inout JSONText) -> Void) { member(name) { $0.object(members) } }

  /// An array with one object for each item.
  mutating func member<Items: Sequence>(
    _ name: String, objects items: Items, _ members: (inout JSONText, Items.Element) -> Void
  ) {
    member(name, array: items) { json, item in json.object { members(&$0, item) } }
  }

  mutating func member<Items: Sequence>(
    _ name: String, array items: Items, _ write: (inout JSONText, Items.Element) -> Void
  ) {
    member(name) { json in
      json.text += "["
      for item in items {
        json.separate(after: "[")
        write(&json, item)
      }
      json.text += "]"
    }
  }

  mutating func number(_ value: Double) {
    if value.isFinite { text += "\(value)" } else { string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity") }
  }

  private mutating func member(_ name: String, _ write: (inout JSONText) -> Void) {
    separate(after: "{")
    string(name)
    text += ":"
    write(&self)
  }

  private mutating func value(_ value: Logger.Metadata.Value) {
    switch value {
    case .string(let text): string(text)
    case .stringConvertible(let object): string(object.description)
    case .dictionary(let members):
      object { json in
        for (name, value) in members.sorted(by: { $0.key < $1.key }) { json.member(name, value) }
      }
    case .array(let values):
      text += "["
      for value in values {
        separate(after: "[")
        self.value(value)
      }
      text += "]"
    }
  }

  private mutating func separate(after opening: Character) {
    if text.last != opening { text += "," }
  }

  mutating func string(_ value: String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      // Control characters by the rules of JSON; the two line separators because some readers split lines there.
      case "\0"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
