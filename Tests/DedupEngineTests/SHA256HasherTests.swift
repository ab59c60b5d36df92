// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing
import TestSupport

struct SHA256HasherTests {
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func matchesThePublishedVectors(text: String, digest: String) {
    #expect(hex(SHA256Hasher.hash(Array(text.utf8))) == digest)
  }

  @Test func aMillionLettersMatchThePublishedVector() {
    var hasher = SHA256Hasher()
    let part = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
    for _ in 0..<1000 { hasher.update(part.span.bytes) }
    #expect(hex(hasher.finish()) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func partsGiveTheSameDigestAsTheWhole(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let bytes = Sample.random.bytes(Int.random(in: 0...100_000, using: &generator), seed: seed)
    var hasher = SHA256Hasher()
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + Int.random(in: 0...5000, using: &generator))
      hasher.update(bytes.span.extracting(start..<end).bytes)
      start = end
    }
    #expect(hasher.finish() == SHA256Hasher.hash(bytes), "seed \(seed)")
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }
}
