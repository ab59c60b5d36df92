// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation

/// The name of a stream, `category-id`: the events of one thing, with versions 1, 2, 3, …
public struct StreamName: Hashable, Sendable, CustomStringConvertible {
  public let description: String

  /// - Precondition: the category is of lower-case letters, and the id is not empty. Both come from code, not from users.
  public init(category: String, id: String) {
    precondition(Self.isCategory(category), "\"\(category)\" is no stream category: use lower-case letters")
    precondition(!id.isEmpty, "a stream of category \"\(category)\" needs an id")
    description = "\(category)-\(id)"
  }

  public init(category: String, id: UUID) {
    self.init(category: category, id: id.text)
  }

  /// Reads `category-id`; nil for anything else.
  public init?(_ text: String) {
    guard let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")), Self.isCategory(text[..<dash]),
      text.utf8.index(after: dash) != text.utf8.endIndex
    else { return nil }
    description = text
  }

  /// What kind of thing the stream is about: `file`, `account`, … The types of its events begin with it.
  public var category: String { String(description[..<dash]) }

  /// What follows the category.
  public var id: String { String(description[description.utf8.index(after: dash)...]) }

  private var dash: String.Index { description.utf8.firstIndex(of: UInt8(ascii: "-")) ?? description.endIndex }

  private static func isCategory(_ text: some StringProtocol) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }
}
