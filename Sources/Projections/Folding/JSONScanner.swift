// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds the members of one JSON object. It takes canonical JSON and any other; of what it passes over it only finds the end.
struct JSONScanner {
  /// Where a name stands, without its quotes, and its value, with its quotes if it is a string.
  struct Member {
    var name: Range<Int>
    var value: Range<Int>
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var index = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The object's members in their order, as far as they can be told; and whether that is to the object's end.
  mutating func members() -> (members: [Member], areAll: Bool) {
    var members: [Member] = []
    guard take(UInt8(ascii: "{")) else { return (members, false) }
    if take(UInt8(ascii: "}")) { return (members, true) }
    members.reserveCapacity(8)
    repeat {
      guard let key = string(), take(UInt8(ascii: ":")) else { return (members, false) }
      skipSpace()
      let start = index
      guard skipValue() else { return (members, false) }
      members.append(Member(name: key.lowerBound + 1..<key.upperBound - 1, value: start..<index))
    } while take(UInt8(ascii: ","))
    return (members, take(UInt8(ascii: "}")))
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
    while let quote = next(UInt8(ascii: "\"")) {
      var end = quote
      while bytes[end - 1] == UInt8(ascii: "\\"), end - 1 > start { end -= 1 }
      index = quote + 1
      // After an odd number of backslashes the quote belongs to the text.
      if (quote - end).isMultiple(of: 2) { return start..<index }
    }
    return nil
  }

  /// Where this byte comes next.
  private func next(_ byte: UInt8) -> Int? {
    guard let base = bytes.baseAddress, index < bytes.count,
      let found = memchr(base + index, Int32(byte), bytes.count - index)
    else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
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
    let isEscaped = inner.withUnsafeBytes { $0.baseAddress.map { memchr($0, 0x5c, inner.count) != nil } ?? false }
    if !isEscaped { return String(decoding: inner, as: UTF8.self) }
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
