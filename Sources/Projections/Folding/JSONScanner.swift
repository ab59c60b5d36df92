// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds members of one JSON object. It takes canonical JSON and any other; of what it passes over it only finds the end.
struct JSONScanner {
  enum Found: Equatable {
    case value(Range<Int>)
    /// Not there, or null.
    case missing
    case malformed
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var index = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The value of the object's member of this name, with its quotes if it is a string.
  mutating func value(of name: StaticString) -> Found {
    guard take(UInt8(ascii: "{")) else { return .malformed }
    if take(UInt8(ascii: "}")) { return .missing }
    repeat {
      guard let key = string(), take(UInt8(ascii: ":")) else { return .malformed }
      skipSpace()
      let start = index
      guard skipValue() else { return .malformed }
      if isName(name, at: key) {
        return bytes[start] == UInt8(ascii: "n") ? .missing : .value(start..<index)
      }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}")) ? .missing : .malformed
  }

  /// Names in the code have no character that JSON would escape.
  private func isName(_ name: StaticString, at key: Range<Int>) -> Bool {
    guard key.count - 2 == name.utf8CodeUnitCount, let base = bytes.baseAddress else { return false }
    return memcmp(base + key.lowerBound + 1, name.utf8Start, name.utf8CodeUnitCount) == 0
  }

  private mutating func skipSpace() {
    while index < bytes.count, bytes[index] <= UInt8(ascii: " ") { index += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard index < bytes.count, bytes[index] == byte else { return false }
    index += 1
    return true
  }

  /// A string with its quotes.
  private mutating func string() -> Range<Int>? {
    skipSpace()
    guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else { return nil }
    let start = index
    index += 1
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        index += 1
        return start..<index
      case UInt8(ascii: "\\"): index += 2
      default: index += 1
      }
    }
    return nil
  }

  private mutating func skipValue() -> Bool {
    guard index < bytes.count else { return false }
    switch bytes[index] {
    case UInt8(ascii: "\""): return string() != nil
    case UInt8(ascii: "{"), UInt8(ascii: "["): return skipNested()
    default:
      let start = index
      while index < bytes.count, !Self.endsValue(bytes[index]) { index += 1 }
      return index > start
    }
  }

  private mutating func skipNested() -> Bool {
    var depth = 0
    repeat {
      guard index < bytes.count else { return false }
      switch bytes[index] {
      case UInt8(ascii: "\""):
        guard string() != nil else { return false }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      default: break
      }
      index += 1
    } while depth > 0
    return true
  }

  private static func endsValue(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") || byte <= UInt8(ascii: " ")
  }
}

/// Strings of JSON, with their quotes.
enum JSONText {
  /// Nil for what is no string.
  static func decode(_ bytes: ArraySlice<UInt8>) -> String? {
    guard bytes.count >= 2, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else { return nil }
    let inner = bytes.dropFirst().dropLast()
    if !inner.contains(UInt8(ascii: "\\")) { return String(decoding: inner, as: UTF8.self) }
    return try? JSONDecoder().decode(String.self, from: Data(bytes))
  }
}

extension Int64 {
  /// Reads decimal digits with an optional sign; nil for anything else, fractions and exponents too.
  init?(ascii bytes: ArraySlice<UInt8>) {
    let isNegative = bytes.first == UInt8(ascii: "-")
    let digits = isNegative ? bytes.dropFirst() : bytes
    guard !digits.isEmpty else { return nil }
    var value: Int64 = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      // Towards the negative end, which reaches further by one.
      let (next, tooFar) = tens.subtractingReportingOverflow(digit)
      guard !overflow, !tooFar else { return nil }
      value = next
    }
    if isNegative {
      self = value
    } else {
      guard value != .min else { return nil }
      self = -value
    }
  }
}

extension UUID {
  /// Reads the 36 characters between quotes, in either case; nil for anything else.
  init?(quoted bytes: ArraySlice<UInt8>) {
    guard bytes.count == 38, bytes.first == UInt8(ascii: "\""), bytes.last == UInt8(ascii: "\"") else { return nil }
    var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    let isRead = withUnsafeMutableBytes(of: &value) { target in
      var index = bytes.startIndex + 1
      for byte in 0..<16 {
        if byte == 4 || byte == 6 || byte == 8 || byte == 10 {
          guard bytes[index] == UInt8(ascii: "-") else { return false }
          index += 1
        }
        guard let high = Self.hexDigit(bytes[index]), let low = Self.hexDigit(bytes[index + 1]) else { return false }
        target[byte] = high << 4 | low
        index += 2
      }
      return true
    }
    guard isRead else { return nil }
    self.init(uuid: value)
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
