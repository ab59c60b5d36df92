// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// The parameters of a request's query, decoded strictly.
///
/// `+` and `%20` are both a space, as in every form a browser sends. What is not valid percent-encoded UTF-8, or is given twice, is
/// refused instead of guessed: a path that is stored under another name than its owner meant is worse than an error.
struct QueryParameters {
  private var values: [String: String] = [:]

  /// - Throws: ``Problem`` 400.
  init(_ query: String?) throws(Problem) {
    guard let query else { return }
    for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
      let equals = pair.firstIndex(of: UInt8(ascii: "="))
      let name = try Self.decode(pair[..<(equals ?? pair.endIndex)])
      let value = try Self.decode(equals.map { pair[pair.index(after: $0)...] } ?? pair[pair.endIndex...])
      guard values.updateValue(value, forKey: name) == nil else {
        throw .invalidRequest("The parameter \"\(name)\" is given twice.")
      }
    }
  }

  subscript(_ name: String) -> String? { values[name] }

  /// - Throws: ``Problem`` 400 when it is not a whole number within the range.
  func integer(_ name: String, in range: ClosedRange<Int64>) throws(Problem) -> Int64? {
    guard let text = values[name] else { return nil }
    guard let value = Int64(text), range.contains(value) else {
      throw .invalidRequest(
        "The parameter \"\(name)\" must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }

  /// - Throws: ``Problem`` 400 when it is no UUID.
  func id(_ name: String) throws(Problem) -> UUID? {
    guard let text = values[name] else { return nil }
    guard let id = UUID(uuidString: text) else { throw .invalidRequest("The parameter \"\(name)\" must be a UUID.") }
    return id
  }

  /// - Throws: ``Problem`` 400 when it is none of the cases.
  func choice<T: RawRepresentable<String> & CaseIterable>(_ name: String, of type: T.Type) throws(Problem) -> T? {
    guard let text = values[name] else { return nil }
    guard let value = T(rawValue: text) else {
      let names = T.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalidRequest("The parameter \"\(name)\" must be one of: \(names).")
    }
    return value
  }

  /// - Throws: ``Problem`` 400 when it is neither `true` nor `false`.
  func flag(_ name: String) throws(Problem) -> Bool {
    switch values[name] {
    case nil, "false": false
    case "true": true
    default: throw .invalidRequest("The parameter \"\(name)\" must be true or false.")
    }
  }

  private static func decode(_ text: Substring.UTF8View) throws(Problem) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      text.formIndex(after: &index)
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let end = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
          let decoded = [UInt8](hex: Substring(text[index..<end]))?.first
        else { throw .invalidRequest("The query has a \"%\" without two hex digits after it.") }
        bytes.append(decoded)
        index = end
      default: bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw .invalidRequest("The query is not percent-encoded UTF-8.")
    }
    return decoded
  }
}
