// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Testing

struct CanonicalContentTests {
  private static let text = "The quick brown fox, “naïvely”, jumps over a dog."

  @Test(arguments: [
    Array("the QUICK brown fox,\r\n\t“naïvely”, jumps\n\nover a dog.\n".utf8), [0xef, 0xbb, 0xbf] + Array(text.utf8),
    Array(text.decomposedStringWithCanonicalMapping.utf8), utf16(text),
    Array(text.replacingOccurrences(of: " ", with: "\u{a0}").utf8),
  ])
  func aTextIsTheSameHoweverItIsSpacedAndEncoded(other: [UInt8]) {
    #expect(Self.sketch(other) == Self.sketch(Array(Self.text.utf8)))
  }

  @Test(arguments: [
    "The quick brown fox; “naïvely”, jumps over a dog.", "The quick brown fox, “naïvely”, jumps over dog a.",
  ])
  func otherPunctuationAndAnotherOrderAreAnotherText(other: String) {
    #expect(Self.sketch(Array(other.utf8)) != Self.sketch(Array(Self.text.utf8)))
  }

  @Test func whatHasNextToNothingInItIsTheSameAsNothing() {
    #expect(CanonicalContent.sketch(ofText: Array("  \n only this\n".utf8).span) == nil)
    #expect(CanonicalContent.sketch(ofText: [UInt8](repeating: 0, count: 100).span) == nil, "no text")
  }

  @Test func contentsOfTwoKindsAreNeverTheSame() {
    let identity = [UInt8](repeating: 7, count: 32)
    let (archive, picture) = (
      CanonicalContent.sketch(.archive, identity: identity), CanonicalContent.sketch(.picture, identity: identity)
    )
    #expect(archive.similarity(to: picture) == 0 && archive.similarity(to: archive) == 1)
    #expect(archive.keys.count == 1 && archive.keys != picture.keys)
    #expect(archive.signature.count == SketchAlgorithm.canonical.signatureBytes)
  }

  /// Sketches of one algorithm are compared for ever: this one is that of the first version.
  @Test func theSketchIsTheOneThatIsKept() {
    let digest = Self.sketch(Array(Self.text.utf8)).map { Data($0.signature.prefix(8)).base64EncodedString() }
    #expect(digest == "NcwVd4ztQ2k=")
  }

  private static func sketch(_ text: [UInt8]) -> Sketch? { CanonicalContent.sketch(ofText: text.span) }

  private static func utf16(_ text: String) -> [UInt8] {
    [0xff, 0xfe] + text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }
}
