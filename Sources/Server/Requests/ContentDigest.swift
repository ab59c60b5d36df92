// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// The `Content-Digest` header of RFC 9530: what the sender says the bytes of the body hash to.
///
/// A dictionary of byte sequences, `sha-256=:<base64>:, sha-512=:<base64>:`. Only SHA-256 is used; other algorithms are ignored, since
/// a recipient may ignore any, but each member must have the right form.
struct ContentDigest: Equatable {
  /// Nil when the header names only other algorithms.
  let sha256: Digest?

  /// - Throws: ``Malformed`` with a sentence for the sender.
  init(_ header: String) throws(Malformed) {
    var sha256: Digest?
    for member in header.split(separator: ",", omittingEmptySubsequences: false) {
      let (name, bytes) = try Self.parse(Self.trimmed(member))
      // Of two members with one name the last counts (RFC 9651, dictionaries).
      guard name == "sha-256" else { continue }
      guard bytes.count == Digest.byteCount else {
        throw Malformed("The sha-256 of Content-Digest has \(bytes.count) bytes instead of \(Digest.byteCount).")
      }
      sha256 = Digest(bytes: bytes)
    }
    self.sha256 = sha256
  }

  struct Malformed: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
  }

  /// The header that states `digest`.
  static func header(_ digest: Digest) -> String {
    "sha-256=:\(Data(digest.bytes).base64EncodedString()):"
  }

  private static func parse(_ member: Substring) throws(Malformed) -> (name: Substring, bytes: [UInt8]) {
    guard let equals = member.firstIndex(of: "="), isKey(member[..<equals]) else {
      throw Malformed("Content-Digest is not a list of name=:base64: members.")
    }
    let item = member[member.index(after: equals)...]
    guard item.first == ":", let end = item.dropFirst().firstIndex(of: ":") else {
      throw Malformed("The value of \(member[..<equals]) in Content-Digest is not enclosed in colons.")
    }
    let parameters = item[item.index(after: end)...]
    guard parameters.isEmpty || trimmed(parameters).first == ";" else {
      throw Malformed("The value of \(member[..<equals]) in Content-Digest is followed by something else.")
    }
    guard let bytes = Data(base64Encoded: String(item[item.index(after: item.startIndex)..<end])) else {
      throw Malformed("The value of \(member[..<equals]) in Content-Digest is not base64.")
    }
    return (member[..<equals], Array(bytes))
  }

  private static func isKey(_ name: Substring) -> Bool {
    guard let first = name.utf8.first, (97...122).contains(first) || first == UInt8(ascii: "*") else { return false }
    return name.utf8.allSatisfy { byte in
      (97...122).contains(byte) || (48...57).contains(byte) || "_-.*".utf8.contains(byte)
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isSpace = { (character: Character) in character == " " || character == "\t" }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return text
  }
}
