// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A place in a list: the key of the last item that was given, so that a list can grow and shrink between two parts of it.
///
/// Outside it is opaque text. It holds no secret and grants nothing: each query is bound to an owner besides.
public protocol ListCursor: Codable {
  /// A cursor of one list is none of another.
  static var list: String { get }
}

/// The text that came as a cursor is none, or is one of another list.
public struct InvalidCursor: Error, Equatable, CustomStringConvertible {
  public let list: String

  public var description: String {
    "This is no cursor of the list \"\(list)\": send the value of \"next\" as it was given, or nothing to begin at the start."
  }
}

private struct Envelope<Key: Codable>: Codable {
  var list: String
  var after: Key
}

extension ListCursor {
  /// URL-safe, without padding.
  public var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    // Numbers, strings and identifiers: there is no value that JSON could refuse.
    let json = (try? encoder.encode(Envelope(list: Self.list, after: self))) ?? Data()
    return json.base64EncodedString()
      .replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_")
      .replacingOccurrences(of: "=", with: "")
  }

  public init(_ text: String) throws(InvalidCursor) {
    let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    guard let json = Data(base64Encoded: standard + padding),
      let envelope = try? JSONDecoder().decode(Envelope<Self>.self, from: json), envelope.list == Self.list
    else { throw InvalidCursor(list: Self.list) }
    self = envelope.after
  }
}

extension Optional where Wrapped == String {
  /// No text is no cursor; any other text must be one.
  public func cursor<Cursor: ListCursor>(_: Cursor.Type) throws(InvalidCursor) -> Cursor? {
    guard let self else { return nil }
    return try Cursor(self)
  }
}
