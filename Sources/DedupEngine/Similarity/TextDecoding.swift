// SPDX-License-Identifier: Apache-2.0

/// Tells texts from other contents, and brings those of other encodings into UTF-8.
enum TextDecoding {
  enum Encoding: Equatable {
    /// What ASCII is too. The first bytes may be a mark that says so.
    case utf8
    case utf16(bigEndian: Bool)
    /// Any bytes are such a text, so this is what is left when there are no control characters.
    case latin1
  }

  /// Nil for what is no text.
  static func encoding(of content: Span<UInt8>) -> Encoding? {
    if content.count >= 2, content.count.isMultiple(of: 2) {
      if content[0] == 0xff, content[1] == 0xfe { return .utf16(bigEndian: false) }
      if content[0] == 0xfe, content[1] == 0xff { return .utf16(bigEndian: true) }
    }
    var isASCII = true
    var controls = 0
    for index in content.indices {
      let byte = content[index]
      if byte >= 0x80 {
        isASCII = false
      } else if byte < 0x20, byte != 0x09, byte != 0x0a, byte != 0x0c, byte != 0x0d {
        // Escape sequences of terminals are text; zeros are none.
        guard byte != 0 else { return nil }
        controls += 1
      }
    }
    guard controls * 100 <= content.count else { return nil }
    if isASCII || isUTF8(content) { return .utf8 }
    // Compressed bytes look like it by chance only when they are few: a tenth of them are control characters.
    return controls == 0 ? .latin1 : nil
  }

  /// A character that the end of the content cuts off is no fault.
  private static func isUTF8(_ content: Span<UInt8>) -> Bool {
    var index = 0
    while index < content.count {
      let byte = content[index]
      let length =
        switch byte {
        case 0..<0x80: 1
        case 0xc2..<0xe0: 2
        case 0xe0..<0xf0: 3
        case 0xf0..<0xf5: 4
        default: 0
        }
      guard length > 0 else { return false }
      for next in index + 1..<max(index + 1, min(index + length, content.count)) {
        guard content[next] & 0xc0 == 0x80 else { return false }
      }
      index += length
    }
    return true
  }

  /// - Precondition: the encoding is not UTF-8.
  static func utf8(_ content: Span<UInt8>, from encoding: Encoding) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(content.count)
    switch encoding {
    case .utf8: preconditionFailure("it is UTF-8")
    case .latin1: for index in content.indices { text += String(Unicode.Scalar(content[index])).utf8 }
    case .utf16(let bigEndian):
      let units = stride(from: 2, to: content.count - 1, by: 2).map { index in
        let (first, second) = (UInt16(content[index]), UInt16(content[index + 1]))
        return bigEndian ? first << 8 | second : second << 8 | first
      }
      text += String(decoding: units, as: UTF16.self).utf8
    }
    return text
  }
}
