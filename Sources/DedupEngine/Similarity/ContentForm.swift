// SPDX-License-Identifier: Apache-2.0

/// How a content is compared with others, as far as its size and its first bytes tell.
public enum ContentForm: Sendable, Hashable {
  /// By its words.
  case text
  /// By where it is light and dark.
  case picture
  /// By the words that it contains, or by what it holds: pages of HTML, PDF, office documents, archives, compressed files.
  case document

  /// How many of the first bytes are looked at. More do no harm.
  public static let headBytes = 4096
  /// Of documents, in bytes.
  public static let documentSizes: ClosedRange<Int64> = 20...64 << 20

  /// What is smaller need not be looked at.
  public static let leastSize = min(
    documentSizes.lowerBound, TextSketcher.sizes.lowerBound, PictureSketcher.sizes.lowerBound)

  /// Nil for contents that are not compared.
  public init?(head: some Collection<UInt8>, size: Int64) {
    let head = Array(head.prefix(Self.headBytes))
    if PictureSketcher.mayBePicture(head) {
      guard PictureSketcher.sizes.contains(size) else { return nil }
      self = .picture
    } else if Self.beginsLikeDocument(head) {
      guard Self.documentSizes.contains(size) else { return nil }
      self = .document
    } else {
      guard TextSketcher.sizes.contains(size), TextSketcher.mayBeText(head) else { return nil }
      self = .text
    }
  }

  private static func beginsLikeDocument(_ head: [UInt8]) -> Bool {
    beginnings.contains { head.starts(with: $0) } || beginsLikePDF(head) || beginsLikeHTML(head)
      || head.dropFirst(257).starts(with: Array("ustar".utf8))
  }

  /// Of zip, gzip, xz, bzip2 and zstd.
  private static let beginnings: [[UInt8]] = [
    Array("PK\u{3}\u{4}".utf8), [0x1f, 0x8b, 8], [0xfd] + Array("7zXZ\0".utf8), Array("BZh".utf8),
    [0x28, 0xb5, 0x2f, 0xfd],
  ]

  /// Some programs write a line before it.
  public static func beginsLikePDF(_ head: some Collection<UInt8>) -> Bool {
    contains(head.prefix(1024), Array("%PDF-".utf8))
  }

  /// Whether a document type or the outermost tag of a page stands at the beginning.
  public static func beginsLikeHTML(_ head: some Collection<UInt8>) -> Bool {
    let text = head.prefix(1024).map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    // A mark that says that it is UTF-8 may come first.
    let start = text.first { $0 > 0x20 && ![0xef, 0xbb, 0xbf].contains($0) }
    return start == UInt8(ascii: "<")
      && (contains(text, Array("<html".utf8)) || contains(text, Array("<!doctype html".utf8)))
  }

  private static func contains(_ bytes: some Collection<UInt8>, _ wanted: [UInt8]) -> Bool {
    bytes.indices.contains { bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted) }
  }
}
