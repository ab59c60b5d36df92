// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// One header block, taken apart.
struct TarHeader {
  enum Kind: Equatable {
    case file
    /// Records for the next member alone.
    case extended
    /// GNU's way to give the next member a long name.
    case longName
    /// Something that has bytes and is passed over: records for all members, the target of a long link.
    case ignored
    /// Neither a file nor about one: links, devices, directories, and files that are stored in part.
    case other
  }

  var kind: Kind
  var name: [UInt8]
  var size: Int64

  /// - Returns: nil for a block of zeros, which ends an archive.
  init?(_ block: ByteBufferView, at offset: Int64) throws(TarError) {
    let bytes = Array(block)
    if bytes.allSatisfy({ $0 == 0 }) { return nil }
    func fail(_ reason: String) -> TarError { TarError(reason: reason, offset: offset) }

    let stated = Self.octal(bytes[148..<156])
    let sum = bytes.enumerated().reduce(0) { sum, byte in
      sum + ((148..<156).contains(byte.offset) ? Int64(UInt8(ascii: " ")) : Int64(byte.element))
    }
    guard stated == sum else { throw fail("a header was expected there, and its checksum is wrong") }
    guard let size = Self.number(bytes[124..<136]), size >= 0 else { throw fail("a header has no proper size") }

    var name = Array(bytes[0..<100].prefix { $0 != 0 })
    // GNU keeps other things where ustar has the beginning of long names.
    if bytes[257..<263].elementsEqual(Array("ustar\0".utf8)) {
      let prefix = bytes[345..<500].prefix { $0 != 0 }
      if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
    }
    self.name = name
    self.size = size
    kind =
      switch bytes[156] {
      case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): name.last == UInt8(ascii: "/") ? .other : .file
      case UInt8(ascii: "x"): .extended
      case UInt8(ascii: "L"): .longName
      case UInt8(ascii: "g"), UInt8(ascii: "K"): .ignored
      default: .other
      }
    // Links, devices and directories have no bytes, whatever their headers say.
    if (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[156]) { self.size = 0 }
  }

  /// Octal digits, or GNU's binary form for what has too many of them.
  private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first, first & 0x80 != 0 else { return octal(field) }
    guard first == 0x80, field.dropFirst().dropLast(8).allSatisfy({ $0 == 0 }) else { return nil }
    return Int64(exactly: field.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
    let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
    let rest = field[digits.endIndex...]
    guard rest.allSatisfy({ $0 == 0 || $0 == UInt8(ascii: " ") }) else { return nil }
    return digits.reduce(Int64(0)) { $0 << 3 | Int64($1 - UInt8(ascii: "0")) }
  }
}

/// The records of an extended header: `<bytes of the record> <keyword>=<value>\n`, one after the other.
struct PaxRecords {
  var path: [UInt8]?
  var size: Int64?
  var sha256: String?

  /// - Returns: nil when they are no such records.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard (1...9).contains(digits.count), rest.dropFirst(digits.count).first == UInt8(ascii: " ") else { return nil }
      let length = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      guard length > digits.count + 1, length <= rest.count else { return nil }
      let record = rest.prefix(length).dropFirst(digits.count + 1)
      guard record.last == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return nil }
      let value = record[(equals + 1)...].dropLast()
      switch String(decoding: record[..<equals], as: UTF8.self) {
      case "path": path = Array(value)
      case "size":
        guard let number = Int64(String(decoding: value, as: UTF8.self)), number >= 0 else { return nil }
        size = number
      case TarFormat.digestKeyword: sha256 = String(decoding: value, as: UTF8.self)
      default: break
      }
      rest = rest.dropFirst(length)
    }
  }
}
