// SPDX-License-Identifier: Apache-2.0

import Foundation

/// In which words two texts differ, for people to look at. As with sketches, letter case, white space and punctuation do not count.
public struct TextDifference: Sendable, Equatable {
  /// One place at which the texts part and meet again.
  public struct Change: Sendable, Equatable {
    /// A few words that both have before it.
    public var before: String
    /// As the left text has it; empty where something was only added. Long passages are cut: see ``removedWords``.
    public var removed: String
    public var removedWords: Int
    /// As the right text has it.
    public var added: String
    public var addedWords: Int
    /// A few words that both have after it.
    public var after: String
  }

  public var leftWords: Int
  public var rightWords: Int
  /// Words that both have, in one order.
  public var commonWords: Int
  /// The first ones, in the order of the texts.
  public var changes: [Change]
  /// How many there are in all.
  public var changeCount: Int

  /// Nil unless both are texts.
  ///
  /// - Parameter limit: of ``changes``.
  public static func between(_ left: [UInt8], _ right: [UInt8], limit: Int = 20) -> TextDifference? {
    guard let left = ReadableText(left), let right = ReadableText(right) else { return nil }
    let matches = WordAlignment.align(left.words.map(\.hash), right.words.map(\.hash))
    let gaps = merged(gaps(between: matches, left.words.count, right.words.count))
    return TextDifference(
      leftWords: left.words.count, rightWords: right.words.count,
      commonWords: matches.reduce(0) { $0 + $1.count },
      changes: gaps.prefix(limit).map { change($0, left, right) }, changeCount: gaps.count)
  }

  private typealias Gap = (left: Range<Int>, right: Range<Int>)

  private static func gaps(between matches: [WordAlignment.Match], _ leftCount: Int, _ rightCount: Int) -> [Gap] {
    var gaps: [Gap] = []
    var (left, right) = (0, 0)
    for match in matches + [WordAlignment.Match(left: leftCount, right: rightCount, count: 0)] {
      if match.left > left || match.right > right { gaps.append((left..<match.left, right..<match.right)) }
      (left, right) = (match.left + match.count, match.right + match.count)
    }
    return gaps
  }

  /// A word or two in common by chance do not make two changes of one.
  private static func merged(_ gaps: [Gap]) -> [Gap] {
    var merged: [Gap] = []
    for gap in gaps {
      if let last = merged.last, gap.left.lowerBound - last.left.upperBound < 3 {
        merged[merged.count - 1] = (
          last.left.lowerBound..<gap.left.upperBound, last.right.lowerBound..<gap.right.upperBound
        )
      } else {
        merged.append(gap)
      }
    }
    return merged
  }

  private static let contextWords = 6
  /// Of one side of a change.
  private static let mostCharacters = 400

  private static func change(_ gap: Gap, _ left: ReadableText, _ right: ReadableText) -> Change {
    Change(
      before: left.text(max(0, gap.left.lowerBound - contextWords)..<gap.left.lowerBound, most: mostCharacters),
      removed: left.text(gap.left, most: mostCharacters), removedWords: gap.left.count,
      added: right.text(gap.right, most: mostCharacters), addedWords: gap.right.count,
      after: left.text(
        gap.left.upperBound..<min(left.words.count, gap.left.upperBound + contextWords), most: mostCharacters))
  }
}

/// A text in UTF-8, and where its words are.
struct ReadableText {
  struct Word {
    /// Of bytes.
    var range: Range<Int>
    var hash: UInt64
  }

  private let bytes: [UInt8]
  private(set) var words: [Word] = []

  /// Nil for what is no text.
  init?(_ content: [UInt8]) {
    guard let encoding = TextDecoding.encoding(of: content.span) else { return nil }
    bytes = encoding == .utf8 ? content : TextDecoding.utf8(content.span, from: encoding)
    WordScanner.locate(bytes) { range, hash in words.append(Word(range: range, hash: hash)) }
  }

  /// From the first of these words to the end of the last, with what stands between them.
  func text(_ words: Range<Int>, most: Int) -> String {
    guard let first = words.first, let last = words.last else { return "" }
    let range = self.words[first].range.lowerBound..<self.words[last].range.upperBound
    // A character has four bytes at most.
    let text = String(decoding: bytes[range].prefix(most * 4), as: UTF8.self)
    return text.count <= most && range.count <= most * 4 ? text : text.prefix(most) + "…"
  }
}
