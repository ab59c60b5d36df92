// SPDX-License-Identifier: Apache-2.0

import CPoppler
import Parsing

/// The words of a PDF, page by page in the order in which they are read, by poppler.
enum PageText {
  /// With whether every page could be read.
  static func text(of content: [UInt8]) throws(DocumentReader.Failure) -> (text: [UInt8], isWhole: Bool) {
    let bytes = content.withUnsafeBytes { g_bytes_new($0.baseAddress, gsize($0.count)) }
    defer { g_bytes_unref(bytes) }
    var error: UnsafeMutablePointer<GError>?
    guard let document = poppler_document_new_from_bytes(bytes, nil, &error) else {
      defer { g_error_free(error) }
      throw DocumentReader.Failure(error.map { String(cString: $0.pointee.message) } ?? "It is no PDF.")
    }
    defer { g_object_unref(UnsafeMutableRawPointer(document)) }
    var text: [UInt8] = []
    var isWhole = true
    for number in 0..<poppler_document_get_n_pages(document) where text.count <= ParsedDocument.textLimit {
      // A damaged page does not take the others with it.
      guard let page = poppler_document_get_page(document, number) else {
        isWhole = false
        continue
      }
      defer { g_object_unref(UnsafeMutableRawPointer(page)) }
      guard let words = poppler_page_get_text(page) else { continue }
      defer { g_free(words) }
      text.append(contentsOf: UnsafeRawBufferPointer(start: words, count: strlen(words)))
      text.append(0x0a)
    }
    return (joined(text), isWhole)
  }

  /// Words that a line's end parts are one: `docu-` and `ment`.
  private static func joined(_ text: [UInt8]) -> [UInt8] {
    var joined: [UInt8] = []
    joined.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      let isHyphen =
        text[index] == 0x2d && index > 0 && index + 2 < text.count && text[index + 1] == 0x0a
        && isSmall(text[index - 1]) && isSmall(text[index + 2])
      if isHyphen {
        index += 2
      } else {
        joined.append(text[index])
        index += 1
      }
    }
    return joined
  }

  private static func isSmall(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte) }
}
