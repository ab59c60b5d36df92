// SPDX-License-Identifier: Apache-2.0

/// RFC 4648, section 5, without padding: bytes in, bytes out, because both ends are payloads.
enum Base64URL {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  /// 255 for what is no digit.
  private static let values: [UInt8] = digits.enumerated().reduce(into: [UInt8](repeating: 255, count: 256)) {
    $0[Int($1.element)] = UInt8($1.offset)
  }

  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var (bits, width): (UInt32, UInt32) = (0, 0)
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      width += 8
      while width >= 6 {
        width -= 6
        text.append(digits[Int(bits >> width & 63)])
      }
    }
    if width > 0 { text.append(digits[Int(bits << (6 - width) & 63)]) }
    return text
  }

  /// Nil for what ``encode(_:)`` does not make.
  static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count * 3 / 4)
    var (bits, width): (UInt32, UInt32) = (0, 0)
    for digit in text {
      let value = values[Int(digit)]
      guard value < 64 else { return nil }
      bits = bits << 6 | UInt32(value)
      width += 6
      if width >= 8 {
        width -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> width))
      }
    }
    // One byte has one spelling: no digit too many, and unused bits are zero.
    guard width < 6, bits & (1 << width - 1) == 0 else { return nil }
    return bytes
  }
}
