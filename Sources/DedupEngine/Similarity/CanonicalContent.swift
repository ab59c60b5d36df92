// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Tells contents that are the same but for how they are written (`can1`): a text in another encoding or on other lines, an archive packed anew,
/// a picture without the notes that came with it. It is SHA-256 of what is left when that is left out.
public enum CanonicalContent {
  static let signatureBytes = SHA256Hasher.digestByteCount
  /// Of text, in bytes: what is shorter is the same by chance.
  public static let leastText = 16

  /// What a content is the same as others in. Contents of two kinds are never the same.
  public enum Kind: String, Sendable {
    case text
    /// The points of a picture, or the compressed points.
    case picture
    /// The names and the bytes of an archive's members.
    case archive
    /// What is inside of a compressed file.
    case inside
  }

  /// - Parameter identity: a digest of what counts.
  public static func sketch(_ kind: Kind, identity: [UInt8]) -> Sketch {
    Sketch(algorithm: .canonical, signature: SHA256Hasher.hash(Array("\(kind.rawValue)\0".utf8) + identity), weight: 1)
  }

  /// Nil for bytes that are no text, and for less than ``leastText``.
  ///
  /// White space, line ends, letter case, compatible forms of characters and the encoding do not count; punctuation does.
  public static func sketch(ofText content: Span<UInt8>) -> Sketch? {
    guard let encoding = TextDecoding.encoding(of: content) else { return nil }
    guard encoding != .utf8 else { return sketch(utf8: content) }
    return sketch(utf8: TextDecoding.utf8(content, from: encoding).span)
  }

  private static func sketch(utf8 text: Span<UInt8>) -> Sketch? {
    var plain = PlainText()
    plain.add(text.bytes)
    guard plain.bytes.count >= leastText else { return nil }
    return sketch(.text, identity: SHA256Hasher.hash(plain.bytes))
  }

  /// Words in small letters with one space between them.
  private struct PlainText {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ text: RawSpan) {
      text.withUnsafeBytes { text in
        bytes.reserveCapacity(text.count)
        var next = text.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        while next < text.count {
          let start = next
          var all: UInt8 = 0
          while next < text.count, text[next] > 0x20 {
            all |= text[next]
            next += 1
          }
          if start < next {
            let word = UnsafeRawBufferPointer(rebasing: text[start..<next])
            if all < 0x80 { addPlain(word) } else { addUnicode(word) }
          }
          while next < text.count, text[next] <= 0x20 { next += 1 }
        }
      }
    }

    private mutating func addPlain(_ word: some Collection<UInt8>) {
      if !bytes.isEmpty { bytes.append(0x20) }
      for byte in word { bytes.append((0x41...0x5a).contains(byte) ? byte | 0x20 : byte) }
    }

    /// Among the compatible forms are spaces.
    private mutating func addUnicode(_ word: UnsafeRawBufferPointer) {
      let text = String(decoding: word, as: UTF8.self).precomposedStringWithCompatibilityMapping.lowercased()
      for word in text.split(whereSeparator: \.isWhitespace) { addPlain(word.utf8) }
    }
  }
}
