// SPDX-License-Identifier: Apache-2.0

/// The `Content-Disposition` header of RFC 6266 for a download.
enum ContentDisposition {
  /// `attachment` with the name twice: in ASCII for old clients, and in full as RFC 8187 encodes it.
  ///
  /// Everything that could end the quoted string, or that some clients decode, is replaced in the first form.
  static func attachment(name: String) -> String {
    let plain = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          (0x20...0x7e).contains(scalar.value) && !"\"\\%/;".unicodeScalars.contains(scalar) ? scalar : "_"
        }))
    guard plain != name else { return "attachment; filename=\"\(name)\"" }
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded(name))"
  }

  /// Percent-encodes all but the `attr-char` of RFC 8187.
  private static func encoded(_ name: String) -> String {
    var result = ""
    for byte in name.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122: result.unicodeScalars.append(Unicode.Scalar(byte))
      case let byte where "!#$&+-.^_`|~".utf8.contains(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + [byte].hexadecimal
      }
    }
    return result
  }
}

extension [UInt8] {
  /// Upper-case, as RFC 3986 writes percent-encodings.
  fileprivate var hexadecimal: String {
    map { byte in String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true) }
      .joined()
  }
}
