// SPDX-License-Identifier: Apache-2.0

import Domain
import TestSupport
import Testing

struct DigestTests {
  static let hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

  @Test func isReadAndWrittenInOneForm() throws {
    let digest = try #require(Digest("sha256:" + Self.hex))
    #expect(digest.description == "sha256:" + Self.hex)
    #expect(digest.hex == Self.hex)
    #expect(digest.bytes.first == 0x9f && digest.bytes.last == 0x08)
    #expect(Digest("sha256:" + Self.hex.uppercased()) == digest)
  }

  static let otherTexts: [String] = [
    "", "sha256:", hex, "sha1:\(hex)", "SHA256:\(hex)", "sha256:\(hex.dropLast())", "sha256:\(hex)00",
    "sha256: \(hex.dropLast())", "sha256:\(hex.dropLast())g", "sha256:\(hex.dropLast(2))é",
  ]

  @Test(arguments: otherTexts)
  func otherTextIsRefused(text: String) {
    #expect(Digest(text) == nil)
  }

  @Test func decodingNamesWhatIsWrong() {
    #expect(throws: DecodingError.self) { try CanonicalJSON.decode(Digest.self, from: Array("\"sha256:00\"".utf8)) }
  }

  @Test func digestsSortAsTheirHex() throws {
    var random = SeededGenerator.printed()
    let digests = (0..<200).map { _ in Digest(bytes: (0..<32).map { _ in .random(in: 0...255, using: &random) }) }
    #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
  }

  @Test func hexIsReadInPairsOfEitherCase() {
    #expect([UInt8](hex: "00fFAb") == [0x00, 0xff, 0xab])
    #expect([UInt8](hex: "") == [])
    #expect([UInt8](hex: "0") == nil)
    #expect([UInt8](hex: "0x") == nil)
  }
}
