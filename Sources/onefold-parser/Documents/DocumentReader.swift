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
      if document.text.count > ParsedDocument.textLimit {
        document.text = Self.cut(document.text)
        document.isWhole = false
      }
      return .answer(document.wire)
    } catch {
      return .unreadable(error.reason)
    }
  }

  private static func read(_ content: [UInt8], mayUnpack: Bool) throws(Failure) -> ParsedDocument {
    if ContentForm.beginsLikePDF(content) {
      let (text, isWhole) = try PageText.text(of: content)
      return ParsedDocument(form: .pdf, text: text, isWhole: isWhole)
    }
    if ContentForm.beginsLikeHTML(content) {
      let (text, isWhole) = try MarkupText.html(content)
      return ParsedDocument(form: .html, text: text, isWhole: isWhole)
    }
    if mayUnpack { return try unpacked(content) }
    throw Failure("It is none of the documents that are read.")
  }

  private static func unpacked(_ content: [UInt8]) throws(Failure) -> ParsedDocument {
    switch try PackedMembers.read(content) {
    case .members(let members):
      if let (form, texts) = OfficeText.texts(of: members) {
        var text: [UInt8] = []
        var isWhole = members.hasAllWords
        for member in texts {
          let words = try MarkupText.xml(member)
          text += words.text + [0x0a]
          isWhole = isWhole && words.isWhole
        }
        return ParsedDocument(form: form, identity: members.identity(ofDocument: true), text: text, isWhole: isWhole)
      }
      return ParsedDocument(form: .archive, identity: members.identity(ofDocument: false), text: [])
    case .stream(let identity, let inside):
      // What is not read is compared as it is: it may be a text.
      guard let inside else { return ParsedDocument(form: .compressed, identity: identity, text: []) }
      let document = try? read(inside, mayUnpack: false)
      return ParsedDocument(
        form: .compressed, identity: identity, text: document?.text ?? inside, isWhole: document?.isWhole ?? true)
    }
  }

  /// At the end of a character.
  private static func cut(_ text: [UInt8]) -> [UInt8] {
    var end = ParsedDocument.textLimit
    while end > 0, text[end] & 0xc0 == 0x80 { end -= 1 }
    return Array(text[..<end])
  }
}
