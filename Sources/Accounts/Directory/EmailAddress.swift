// SPDX-License-Identifier: Apache-2.0

/// An email address, checked for being one as far as can be told without sending a message.
struct EmailAddress: Equatable {
  let text: String

  /// RFC 5321's limits: 254 bytes in all, 64 before the `@`.
  init(_ typed: String) throws(AccountError) {
    let text = String(typed.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    guard text.utf8.count <= 254 else { throw .invalidEmail("The email address is longer than 254 bytes.") }
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64, !parts[1].isEmpty,
      !parts[1].hasPrefix("."), !parts[1].hasSuffix(".")
    else { throw .invalidEmail("\"\(text.prefix(80))\" is not an email address: name@domain is wanted.") }
    guard text.unicodeScalars.allSatisfy({ !$0.properties.isWhitespace && $0.value > 0x20 && $0.value != 0x7f }) else {
      throw .invalidEmail("The email address has a space or a control character in it.")
    }
    self.text = text
  }
}
