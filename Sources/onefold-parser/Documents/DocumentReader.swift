// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Parsing

/// Takes the words out of documents, whatever they are written in, and tells what archives hold.
struct DocumentReader {
  /// Members of office documents, and what is inside of a compressed file: together they take so much memory at most, in bytes.
  static let memberLimit = ParserRequest.contentLimit

  struct Failure: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
  }

  /// Loads now what could not be opened later.
  init() { MarkupText.prepare() }

  func document(of content: [UInt8]) -> ParserAnswer {
    do {
      var document = try Self.read(content, mayUnpack: true)
      if document.text.count > ParsedDocument.textLimit { document.text = Self.cut(document.text) }
      return .answer(document.wire)
    } catch {
      return .unreadable(error.reason)
    }
  }

  private static func read(_ content: [UInt8], mayUnpack: Bool) throws(Failure) -> ParsedDocument {
    if ContentForm.beginsLikePDF(content) { return ParsedDocument(form: .pdf, text: try PageText.text(of: content)) }
    if ContentForm.beginsLikeHTML(content) { return ParsedDocument(form: .html, text: try MarkupText.html(content)) }
    if mayUnpack { return try unpacked(content) }
    throw Failure("It is none of the documents that are read.")
  }

  private static func unpacked(_ content: [UInt8]) throws(Failure) -> ParsedDocument {
    switch try PackedMembers.read(content) {
    case .members(let members):
      if let (form, texts) = OfficeText.texts(of: members) {
        var text: [UInt8] = []
        for member in texts { text += try MarkupText.xml(member) + [0x0a] }
        return ParsedDocument(form: form, identity: members.identity, text: text)
      }
      return ParsedDocument(form: .archive, identity: members.identity, text: [])
    case .stream(let identity, let inside):
      // What is not read is compared as it is: it may be a text.
      let text = inside.map { (try? read($0, mayUnpack: false).text) ?? $0 } ?? []
      return ParsedDocument(form: .compressed, identity: identity, text: text)
    }
  }

  /// At the end of a character.
  private static func cut(_ text: [UInt8]) -> [UInt8] {
    var end = ParsedDocument.textLimit
    while end > 0, text[end] & 0xc0 == 0x80 { end -= 1 }
    return Array(text[..<end])
  }
}
