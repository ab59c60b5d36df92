// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import TestSupport
import Testing

/// Texts are compared by their pairs of neighbouring words, and by nothing else.
struct TextSketchTests {
  private static let pangram =
    "The quick brown fox jumps over the lazy dog, and then once more; packed with five dozen jugs of liquor it sleeps. "
    + "Pack my box with twelve of them, said the wizard: sphinx of black quartz, judge my vow!"

  @Test(arguments: [30, 300, 3_000, 30_000])
  func theEstimateIsTheSharedFractionOfPairs(wordCount: Int) {
    var generator = SeededGenerator.printed()
    for edited in [0, 1, 2, 5, 10, 20, 50] {
      let words = Self.words(wordCount, using: &generator)
      var changed = words
      for _ in 0..<(wordCount * edited / 100) {
        changed[Int.random(in: 0..<wordCount, using: &generator)] = Self.word(using: &generator)
      }
      let (one, other) = (
        Set(zip(words, words.dropFirst()).map(Pair.init)), Set(zip(changed, changed.dropFirst()).map(Pair.init))
      )
      let shared = Double(one.intersection(other).count) / Double(one.union(other).count)
      let estimate = sketch(words.joined(separator: " "))?.similarity(to: sketch(changed.joined(separator: " ")))
      // Five standard deviations of 256 draws, and the chance of equal bytes.
      let tolerance = 5 * (shared * (1 - shared) / 256).squareRoot() + 0.02
      #expect(abs((estimate ?? -1) - shared) <= tolerance, "\(edited) % of \(wordCount) words: \(shared)")
    }
  }

  private struct Pair: Hashable {
    var first: String
    var second: String
    init(_ pair: (String, String)) { (first, second) = pair }
  }

  @Test(arguments: [
    pangram.uppercased(), pangram.replacingOccurrences(of: " ", with: "\r\n\t "),
    pangram.replacingOccurrences(of: ",", with: " --"), "\u{feff}" + pangram, "\"" + pangram + "\"\n\n",
  ])
  func formattingDoesNotCount(text: String) {
    #expect(sketch(text)?.signature == sketch(Self.pangram)?.signature)
    #expect(sketch(text)?.weight == sketch(Self.pangram)?.weight)
  }

  @Test func encodingsAndFormsOfCharactersDoNotCount() throws {
    let text = String(repeating: "Café déjà vu, naïve façade; ", count: 3) + Self.pangram
    let expected = try #require(sketch(text))
    for encoding in [String.Encoding.isoLatin1, .utf16, .utf16BigEndian, .utf16LittleEndian] {
      var bytes = Array(try #require(text.data(using: encoding)))
      if encoding == .utf16BigEndian { bytes = [0xfe, 0xff] + bytes }
      if encoding == .utf16LittleEndian { bytes = [0xff, 0xfe] + bytes }
      #expect(TextSketcher.sketch(bytes.span) == expected, "\(encoding)")
    }
    #expect(sketch(text.decomposedStringWithCanonicalMapping) == expected)
  }

  @Test func scriptsWithoutSpacesAreComparedByTheirCharacters() throws {
    let text = "私たちはファイルの重複を見つけて一度だけ保存しますそして何が節約されたかを示しますこれはとても便利です"
    let edited = text.replacingOccurrences(of: "とても", with: "少し")
    let score = try #require(sketch(text)).similarity(to: try #require(sketch(edited)))
    #expect(score > 0.6 && score < 1)
  }

  @Test func aTextSharesNoMoreThanChanceWithTheSameWordsInAnotherOrder() throws {
    var generator = SeededGenerator.printed()
    let words = (0..<2_000).map { _ in Self.word(using: &generator) }
    let score = try #require(sketch(words.joined(separator: " ")))
      .similarity(to: try #require(sketch(words.shuffled(using: &generator).joined(separator: " "))))
    #expect(score < 0.05)
  }

  @Test func whatIsNoTextOrTooShortHasNoSketch() {
    #expect(sketch("") == nil)
    #expect(sketch("only a few words") == nil)
    var generator = SeededGenerator.printed()
    let random = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
    #expect(TextSketcher.sketch(random.span) == nil)
    #expect(TextSketcher.sketch((Array(Self.pangram.utf8) + [0]).span) == nil)
    #expect(!TextSketcher.mayBeText([0x89, 0x50, 0x00]))
    #expect(TextSketcher.mayBeText([0xff, 0xfe, 0x41, 0x00]))
  }

  @Test func oneWordWithoutEndHasASketch() throws {
    let once = try #require(sketch(String(repeating: "again ", count: 100)))
    let often = try #require(sketch(String(repeating: "again ", count: 100_000)))
    #expect(once.signature == often.signature)
    #expect(often.weight == 99_999)
  }

  @Test(arguments: [(1.0, 1.0), (0.7, 0.99), (0.5, 0.8)])
  func contentsThatShareMuchHaveAKeyInCommon(similarity: Double, least: Double) {
    var generator = SeededGenerator.printed()
    var met = 0
    for _ in 0..<500 {
      var (one, other): ([UInt8], [UInt8]) = ([], [])
      for _ in 0..<256 {
        one.append(.random(in: 0...255, using: &generator))
        let isShared = Double.random(in: 0..<1, using: &generator) < similarity
        other.append(isShared ? one[one.count - 1] : .random(in: 0...255, using: &generator))
      }
      let keys = [one, other].map { Sketch(algorithm: .text, signature: $0, weight: 100).keys }
      if zip(keys[0], keys[1]).contains(where: { $0 == $1 }) { met += 1 }
    }
    #expect(Double(met) >= least * 500)
  }

  /// Stored sketches are compared with new ones: another result is another algorithm, with another name.
  @Test func aSketchIsWhatItWas() throws {
    let made = try #require(sketch(Self.pangram))
    #expect(made.algorithm.rawValue == "txt1")
    #expect(made.weight == 38)
    #expect(
      Data(SHA256Hasher.hash(made.signature.span.bytes)).base64EncodedString()
        == "o9PvzqG5+I37lsEpPyQW+LIQ+PHFeOHM5NyvUxyh3A8=")
  }

  private func sketch(_ text: String) -> Sketch? { TextSketcher.sketch(Array(text.utf8).span) }

  private static func words(_ count: Int, using generator: inout SeededGenerator) -> [String] {
    (0..<count).map { _ in word(using: &generator) }
  }

  private static func word(using generator: inout SeededGenerator) -> String {
    String(
      (0..<Int.random(in: 2...12, using: &generator)).map { _ in
        "abcdefghijklmnopqrstuvwxyz".randomElement(using: &generator) ?? "a"
      })
  }
}
