// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing
import TestSupport

struct TextDifferenceTests {
  private func difference(_ left: String, _ right: String, limit: Int = 20) throws -> TextDifference {
    try #require(TextDifference.between(Array(left.utf8), Array(right.utf8), limit: limit))
  }

  @Test func formattingIsNoDifference() throws {
    let found = try difference("The quick, brown fox\njumps.", "THE QUICK brown\r\n\r\n fox — jumps")
    #expect(found.changes.isEmpty)
    #expect(found.commonWords == 5)
  }

  @Test func aReplacedWordIsShownWithWhatStandsAroundIt() throws {
    let found = try difference("we meet at noon on Monday as agreed", "we meet at noon on Friday as agreed")
    let change = try #require(found.changes.first)
    #expect(found.changeCount == 1)
    #expect(change.before == "we meet at noon on")
    #expect((change.removed, change.added) == ("Monday", "Friday"))
    #expect((change.removedWords, change.addedWords) == (1, 1))
    #expect(change.after == "as agreed")
  }

  @Test func whatIsOnlyAddedOrOnlyRemovedHasOneSide() throws {
    let added = try difference("one two three four", "one two new words three four")
    #expect(added.changes.map(\.removed) == [""])
    #expect(added.changes.map(\.added) == ["new words"])
    let removed = try difference("one two old words three four", "one two three four")
    #expect(removed.changes.map(\.removed) == ["old words"])
    #expect(removed.changes.map(\.addedWords) == [0])
  }

  /// Punctuation inside a passage is shown as it stands, and its ends are words.
  @Test func passagesKeepTheirPunctuation() throws {
    let found = try difference("a b c (x, y; z) d e f", "a b c (p: q!) d e f")
    #expect(found.changes.map(\.removed) == ["x, y; z"])
    #expect(found.changes.map(\.added) == ["p: q"])
  }

  @Test func oneOrTwoWordsInCommonDoNotPartAChange() throws {
    let found = try difference("s t u v A and B w x y z", "s t u v C and D w x y z")
    #expect(found.changes.map(\.removed) == ["A and B"])
  }

  @Test func scriptsWithoutSpacesAreComparedByCharacters() throws {
    let found = try difference("今日は天気がいいです", "今日は機嫌がいいです")
    #expect(found.changes.map(\.removed) == ["天気"])
    #expect(found.changes.map(\.added) == ["機嫌"])
  }

  @Test func onlyTextsHaveWords() {
    #expect(TextDifference.between([0, 1, 2, 3], Array("words".utf8)) == nil)
  }

  @Test func longListsAndPassagesAreCutAndCounted() throws {
    let left = (0..<400).map { "same\($0) same same same left\($0)" }.joined(separator: " ")
    let right = (0..<400).map { "same\($0) same same same right\($0)" }.joined(separator: " ")
    let found = try difference(left, right, limit: 5)
    #expect(found.changes.count == 5)
    #expect(found.changeCount == 400)
    let passage = try difference("x y z", "x y " + String(repeating: "word ", count: 1000) + "z")
    #expect(passage.changes[0].added.count == 401)
    #expect(passage.changes[0].added.hasSuffix("…"))
    #expect(passage.changes[0].addedWords == 1000)
  }

  @Test(arguments: [1, 2, 3, UInt64.random(in: 0...UInt64.max)])
  func commonWordsAndChangesAreAllThereIs(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<40 {
      let size = Int.random(in: 0...2000, using: &random)
      let vocabulary = Int.random(in: 1...3000, using: &random)
      var words = (0..<size).map { _ in "w\(Int.random(in: 0..<vocabulary, using: &random))" }
      let left = words
      for _ in 0..<Int.random(in: 0...30, using: &random) {
        let start = Int.random(in: 0...words.count, using: &random)
        let end = min(words.count, start + Int.random(in: 0...5, using: &random))
        let new = (0..<Int.random(in: 0...5, using: &random)).map { _ in "n\(Int.random(in: 0..<50, using: &random))" }
        words.replaceSubrange(start..<end, with: new)
      }
      let found = try difference(left.joined(separator: " "), words.joined(separator: " "), limit: .max)
      #expect(found.leftWords == left.count, "seed \(seed)")
      // Each word is common, or in a change; merged changes hold common words twice.
      let removed = found.changes.reduce(0) { $0 + $1.removedWords }
      let added = found.changes.reduce(0) { $0 + $1.addedWords }
      #expect(found.leftWords - removed == found.rightWords - added, "seed \(seed)")
      #expect(found.commonWords >= found.leftWords - removed, "seed \(seed)")
      if vocabulary > 1000 { #expect(found.commonWords >= left.count - 30 * 6, "seed \(seed)") }
    }
  }
}
