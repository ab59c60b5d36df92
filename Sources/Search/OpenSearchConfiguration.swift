// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where OpenSearch is, and which of its names are ours.
public struct OpenSearchConfiguration: Sendable {
  /// Without credentials, and without a slash at its end.
  let url: String
  /// The value of the header; nil for none.
  let authorization: String?
  /// What is asked. Indexes are named after it, with the time of their making.
  public let alias: String

  /// - Parameter url: `http` or `https`, with credentials in it if they are asked for: `https://onefold:secret@search:9200`.
  /// - Throws: ``Invalid``.
  public init(url: String, alias: String) throws {
    guard var parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme ?? ""),
      parts.host?.isEmpty == false,
      parts.query == nil, parts.fragment == nil
    else { throw Invalid(description: "OPENSEARCH_URL must be like https://user:password@host:9200.") }
    // What OpenSearch takes as a name, and what needs no escaping in a path.
    let isPlain = alias.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-_".utf8.contains($0) }
    guard isPlain, (1...100).contains(alias.utf8.count), alias.first?.isLetter == true else {
      throw Invalid(description: "The alias \"\(alias)\" must be of lower-case letters, digits, - and _.")
    }
    if let user = parts.user {
      authorization = "Basic " + Data("\(user):\(parts.password ?? "")".utf8).base64EncodedString()
    } else {
      authorization = nil
    }
    (parts.user, parts.password) = (nil, nil)
    let plain = parts.string ?? url
    self.url = plain.hasSuffix("/") ? String(plain.dropLast()) : plain
    self.alias = alias
  }

  public struct Invalid: Error, CustomStringConvertible {
    public let description: String
  }
}
