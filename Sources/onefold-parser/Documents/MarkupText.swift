// SPDX-License-Identifier: Apache-2.0

import CXML2
import Glibc

/// The words between the tags of HTML, and of the XML that office programs write; by libxml2, which is told to load nothing.
enum MarkupText {
  // MARK: Reading

  /// Encodings that pages on the web are in, besides those that libxml2 knows by itself: the C library reads how to convert each from a file.
  private static let encodings = [
    "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "ISO-8859-2", "ISO-8859-15", "KOI8-R", "SHIFT_JIS", "EUC-JP",
    "GB18030", "BIG5", "EUC-KR",
  ]

  /// Before this process is confined. What is opened here stays open, so that it stays loaded.
  static func prepare() {
    xmlInitParser()
    for encoding in encodings { _ = iconv_open("UTF-8", encoding) }
  }

  /// With whether all of it was read: pages are seldom without errors, but some end the reading.
  static func html(_ content: [UInt8]) throws(DocumentReader.Failure) -> (text: [UInt8], isWhole: Bool) {
    xmlResetLastError()
    // A page that is UTF-8 need not say so.
    let isUTF8 = String(validating: content, as: UTF8.self) != nil
    let options = HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
    let tree = content.withUnsafeBytes { bytes in
      htmlReadMemory(
        bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, isUTF8 ? "UTF-8" : nil,
        Int32(options | HTML_PARSE_NONET.rawValue | HTML_PARSE_COMPACT.rawValue))
    }
    guard let tree else { throw DocumentReader.Failure("It is no page that can be read.") }
    defer { xmlFreeDoc(tree) }
    let isWhole = xmlGetLastError().map { $0.pointee.level != XML_ERR_FATAL } ?? true
    return (words(of: tree), isWhole)
  }

  static func xml(_ content: [UInt8]) throws(DocumentReader.Failure) -> (text: [UInt8], isWhole: Bool) {
    let options = XML_PARSE_RECOVER.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
    let tree = content.withUnsafeBytes { bytes in
      xmlReadMemory(
        bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, nil,
        Int32(options | XML_PARSE_NONET.rawValue | XML_PARSE_COMPACT.rawValue))
    }
    guard let tree else { throw DocumentReader.Failure("A part of it is no XML.") }
    defer { xmlFreeDoc(tree) }
    return (words(of: tree), UInt32(bitPattern: tree.pointee.properties) & XML_DOC_WELLFORMED.rawValue != 0)
  }

  // MARK: Taking the words out

  /// Within a word: what begins or ends with these parts no words. All other elements do.
  private static let insideWords: Set<String> = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "em", "font", "i", "ins", "kbd", "label", "mark", "q",
    "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr",
    // Of office documents: stretches of text in one style, and marks that programs set between letters.
    "r", "t", "hyperlink", "smartTag", "proofErr", "bookmarkStart", "bookmarkEnd", "lastRenderedPageBreak", "bookmark",
    "bookmark-start", "bookmark-end", "soft-page-break",
  ]

  /// What is not shown, or not part of the text: scripts; how it looks; fields, deleted passages and notes in the margin; a second form of the same.
  private static let hidden: Set<String> = [
    "script", "style", "template", "noscript", "instrText", "delText", "rPr", "pPr", "tracked-changes", "annotation",
    "binary-data", "Fallback",
  ]

  /// From node to node, not by recursion: depth is the file's to choose.
  private static func words(of tree: xmlDocPtr) -> [UInt8] {
    var text: [UInt8] = []
    var next = xmlDocGetRootElement(tree)
    while let node = next {
      let name = node.pointee.type == XML_ELEMENT_NODE ? String(cString: node.pointee.name) : nil
      switch node.pointee.type {
      case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
        if let content = node.pointee.content {
          text.append(contentsOf: UnsafeBufferPointer(start: content, count: strlen(content)))
        }
      default: break
      }
      let isHidden = name.map(hidden.contains) ?? false
      if let name, !isHidden, !insideWords.contains(name) { text.append(0x20) }
      if !isHidden, name != nil, let child = node.pointee.children {
        next = child
        continue
      }
      next = follower(of: node, &text)
    }
    return text
  }

  /// The node after this one and all that is in it.
  private static func follower(of node: xmlNodePtr, _ text: inout [UInt8]) -> xmlNodePtr? {
    var node = node
    while true {
      if node.pointee.type == XML_ELEMENT_NODE {
        let name = String(cString: node.pointee.name)
        if !insideWords.contains(name), !hidden.contains(name) { text.append(0x0a) }
      }
      if let next = node.pointee.next { return next }
      guard let parent = node.pointee.parent, parent.pointee.type == XML_ELEMENT_NODE else { return nil }
      node = parent
    }
  }
}

private func strlen(_ text: UnsafePointer<xmlChar>) -> Int {
  Glibc.strlen(UnsafeRawPointer(text).assumingMemoryBound(to: CChar.self))
}
