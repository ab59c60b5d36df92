// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing
import TestSupport

struct LZ4StreamTests {
  @Test(arguments: 0..<12 as Range<UInt64>) func whateverThePiecesTheContentComesBack(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 0...1_000_000, using: &generator)
    let content = (seed.isMultiple(of: 2) ? Sample.random : Sample.text).bytes(count, seed: seed)
    let frame = try Self.compress(content) { Int.random(in: 1...300_000, using: &generator) }
    #expect(try Self.decompress(frame) { Int.random(in: 1...100_000, using: &generator) } == content, "seed \(seed)")
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func aCutFrameIsNoticed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let frame = try Self.compress(Sample.text.bytes(300_000, seed: seed)) { 50_000 }
    let cut = Array(frame.prefix(Int.random(in: 1..<frame.count, using: &generator)))
    #expect(throws: LZ4FrameError.self, "seed \(seed)") { try Self.decompress(cut) { 10_000 } }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func aChangedByteIsNoticed(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let content = Sample.text.bytes(300_000, seed: seed)
    var frame = try Self.compress(content) { 50_000 }
    frame[Int.random(in: 4..<frame.count, using: &generator)] ^= 0x10
    let decoded = try? Self.decompress(frame) { 10_000 }
    #expect(decoded == nil || decoded == content, "seed \(seed)")
  }

  private static func compress(_ content: [UInt8], piece: () -> Int) throws -> [UInt8] {
    var encoder = try LZ4StreamEncoder()
    var frame: [UInt8] = []
    try encoder.begin(into: &frame)
    var rest = content[...]
    while !rest.isEmpty {
      let part = rest.prefix(piece())
      try encoder.add(Array(part), into: &frame)
      rest = rest.dropFirst(part.count)
    }
    try encoder.finish(into: &frame)
    return frame
  }

  private static func decompress(_ frame: [UInt8], piece: () -> Int) throws -> [UInt8] {
    var decoder = try LZ4StreamDecoder()
    var content: [UInt8] = []
    var rest = frame[...]
    while !rest.isEmpty {
      let part = rest.prefix(piece())
      content += try decoder.add(Array(part))
      rest = rest.dropFirst(part.count)
    }
    try decoder.finish()
    return content
  }
}
