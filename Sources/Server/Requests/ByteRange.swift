// SPDX-License-Identifier: Apache-2.0

/// What a `Range` header asks for of a content with a known size (RFC 9110, section 14).
enum ByteRange: Equatable {
  /// No range, several, or one that is not understood: the whole is the right answer to each of these.
  case whole
  /// First and one past the last byte.
  case part(Range<Int64>)
  /// The range begins past the end: 416.
  case unsatisfiable

  init(_ header: String?, size: Int64) {
    guard let header, let equals = header.firstIndex(of: "="), header[..<equals].lowercased() == "bytes" else {
      self = .whole
      return
    }
    let spec = header[header.index(after: equals)...].filter { $0 != " " && $0 != "\t" }
    guard let dash = spec.firstIndex(of: "-") else {
      self = .whole
      return
    }
    self = Self.select(first: spec[..<dash], last: spec[spec.index(after: dash)...], size: size)
  }

  private static func select(first: Substring, last: Substring, size: Int64) -> ByteRange {
    switch (number(first), number(last)) {
    case (let first?, let last?):
      guard first <= last else { return .whole }
      return first < size ? .part(first..<min(last, size - 1) + 1) : .unsatisfiable
    case (let first?, nil) where last.isEmpty:
      return first < size ? .part(first..<size) : .unsatisfiable
    case (nil, let count?) where first.isEmpty:
      return count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
    default:
      return .whole
    }
  }

  /// Digits only (`Int64.init` takes a sign); a number too large for 64 bits is past every end all the same.
  private static func number(_ text: Substring) -> Int64? {
    guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int64(text) ?? .max
  }
}
