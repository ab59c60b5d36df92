// SPDX-License-Identifier: Apache-2.0

/// The validator of a representation (RFC 9110, section 8.8.3): an opaque text in quotes, always strong here.
struct EntityTag: Equatable, CustomStringConvertible {
  let value: String

  init(_ value: String) { self.value = value }

  var description: String { "\"\(value)\"" }

  /// Whether an `If-None-Match` header lists this tag. Weak comparison, as section 13.1.2 asks.
  func matches(ifNoneMatch header: String) -> Bool {
    header.split(separator: ",").contains { member in
      var member = member.drop { $0 == " " || $0 == "\t" }
      while member.last == " " || member.last == "\t" { member.removeLast() }
      return member == "*" || member == description || member == "W/\(description)"
    }
  }

  /// Whether an `If-Range` header holds this very tag. A weak tag or a date never does: then the whole is served.
  func matches(ifRange header: String) -> Bool { header == description }
}
