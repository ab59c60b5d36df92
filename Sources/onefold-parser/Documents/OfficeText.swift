// SPDX-License-Identifier: Apache-2.0

import Parsing

/// Which members of an archive make it a document, and hold its words.
enum OfficeText {
  /// Whether a member's bytes are worth keeping while an archive is read.
  static func mayHoldWords(_ name: String) -> Bool {
    name == "mimetype" || name == "content.xml" || words.contains(name) || isSlide(name) || isChapter(name)
  }

  private static let words = ["word/document.xml", "word/footnotes.xml", "word/endnotes.xml"]

  private static func isSlide(_ name: String) -> Bool { name.hasPrefix("ppt/slides/slide") && name.hasSuffix(".xml") }

  private static func isChapter(_ name: String) -> Bool {
    [".xhtml", ".html", ".htm"].contains { name.hasSuffix($0) }
  }

  /// Nil for an archive that is no document.
  static func texts(of members: PackedMembers) -> (DocumentForm, [[UInt8]])? {
    func all(_ isWanted: (String) -> Bool) -> [[UInt8]] {
      members.kept.keys.filter(isWanted).sorted().compactMap { members.kept[$0] }
    }
    if members.kept["word/document.xml"] != nil { return (.word, words.compactMap { members.kept[$0] }) }
    let slides = all(isSlide)
    if !slides.isEmpty { return (.presentation, slides) }
    let type = members.kept["mimetype"].map { String(decoding: $0.prefix(100), as: UTF8.self) } ?? ""
    if type.hasPrefix("application/vnd.oasis.opendocument"), let content = members.kept["content.xml"] {
      return (.openDocument, [content])
    }
    if type.hasPrefix("application/epub") { return (.book, all(isChapter)) }
    return nil
  }
}
