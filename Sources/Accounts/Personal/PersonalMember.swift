// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A personal member of a payload, found and replaced in its bytes: an upload is the hottest of all events, and a JSON tree of it would
/// cost more than its encryption.
struct PersonalMember: Sendable {
  let name: String
  private let opening: [UInt8]

  init(_ name: String) {
    self.name = name
    opening = Array("\"\(name)\":\"".utf8)
  }

  /// Where the member's text is, between its quotes; nil when the payload has none.
  ///
  /// The payload is canonical, so there are no spaces around the colon, and a quote within a text is always escaped: bytes that
  /// begin with a quote and end with `":"` are a key and the opening of its text.
  func text(in payload: [UInt8]) -> Range<Int>? {
    payload.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return nil }
      var place = 0
      while let quote = memchr(base + place, Int32(UInt8(ascii: "\"")), bytes.count - place) {
        place = UnsafeRawPointer(quote) - base
        guard bytes.count - place > opening.count else { return nil }
        if memcmp(quote, opening, opening.count) == 0 { return Self.text(in: bytes, from: place + opening.count) }
        place += 1
      }
      return nil
    }
  }

  private static func text(in bytes: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
    var end = start
    while end < bytes.count {
      switch bytes[end] {
      case UInt8(ascii: "\""): return start..<end
      case UInt8(ascii: "\\"): end += 2
      default: end += 1
      }
    }
    return nil
  }
}
