// SPDX-License-Identifier: Apache-2.0

/// Reads a line that is known to the byte from front to back. Each step is done whole or answers no.
struct LineScanner {
  private(set) var rest: ArraySlice<UInt8>

  init(_ line: [UInt8]) { rest = line[...] }

  /// Passes over exactly this.
  mutating func skip(_ literal: String) -> Bool {
    guard rest.starts(with: literal.utf8) else { return false }
    rest = rest.dropFirst(literal.utf8.count)
    return true
  }

  /// A whole number, as Swift writes it.
  mutating func integer() -> Int64? {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-") }
    guard let number = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
    rest = rest[digits.endIndex...]
    return number
  }

  /// The bytes of a JSON string in quotes, of which only quotes, backslashes and control characters are escaped.
  mutating func text() -> [UInt8]? {
    guard rest.first == UInt8(ascii: "\"") else { return nil }
    var text: [UInt8] = []
    var index = rest.startIndex + 1
    while index < rest.endIndex {
      switch rest[index] {
      case UInt8(ascii: "\""):
        rest = rest[(index + 1)...]
        return text
      case UInt8(ascii: "\\"):
        guard index + 1 < rest.endIndex else { return nil }
        if rest[index + 1] == UInt8(ascii: "u") {
          guard index + 6 <= rest.endIndex,
            let code = UInt8(String(decoding: rest[index + 2..<index + 6], as: UTF8.self), radix: 16)
          else { return nil }
          text.append(code)
          index += 6
        } else {
          text.append(rest[index + 1])
          index += 2
        }
      default:
        text.append(rest[index])
        index += 1
      }
    }
    return nil
  }
}
