// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing
import TestSupport

struct LZ4FrameTests {
  /// Around every boundary: empty, one byte, one block and its neighbours, several blocks.
  static let sizes = [0, 1, 4096, 262_143, 262_144, 262_145, 524_288, 800_001]

  @Test(arguments: Sample.allCases, sizes)
  func contentComesBack(sample: Sample, size: Int) throws {
    let content = sample.bytes(size, seed: 1)
    #expect(try LZ4Frame.decompress(LZ4Frame.compress(content)) == content)
  }

  @Test(arguments: Sample.allCases, 0..<5 as Range<UInt64>)
  func everyRangeEqualsTheOriginals(sample: Sample, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let content = sample.bytes(Int.random(in: 1...900_000, using: &generator), seed: seed)
    let frame = try LZ4Frame.compress(content)
    for _ in 0..<20 {
      let start = Int.random(in: 0...content.count, using: &generator)
      let end = Int.random(in: start...content.count, using: &generator)
      let range = try LZ4Frame.decompress(frame, range: Int64(start)..<Int64(end))
      #expect(range == Array(content[start..<end]), "seed \(seed), \(start)..<\(end)")
    }
  }

  @Test func textShrinksAndRandomBytesHardlyGrow() throws {
    let size = 1_000_000
    #expect(try LZ4Frame.compress(Sample.text.bytes(size, seed: 3)).count < size / 2)
    #expect(try LZ4Frame.compress(Sample.zeros.bytes(size, seed: 3)).count < size / 100)
    #expect(try LZ4Frame.compress(Sample.random.bytes(size, seed: 3)).count < size + 200)
  }

  @Test func aRangeReadsOnlyTheBlocksItTouches() throws {
    let content = Sample.random.bytes(10 * LZ4Frame.blockSize, seed: 4)
    let source = CountingSource(try LZ4Frame.compress(content))
    var reader = try LZ4FrameReader(source)
    let range = Int64(LZ4Frame.blockSize * 7 - 1)..<Int64(LZ4Frame.blockSize * 7 + 1)
    #expect(reader.index.blocks(covering: range) == 6..<8)
    _ = try reader.block(6, of: source)
    #expect(source.bytesRead < 2 * LZ4Frame.blockSize)
  }

  @Suite struct Format {
    /// The bytes are a promise: files written today must open for good.
    @Test func goldenFrame() throws {
      let content = Array("one fold, one fold, one fold, one fold, one fold".utf8)
      let golden = try #require(bytes(hex: Self.golden))
      #expect(try LZ4Frame.decompress(golden) == content)
      #expect(try LZ4Frame.compress(content) == golden)
    }

    static let golden =
      "04224d187c503000000000000000d214000000af6f6e6520666f6c642c200a000e5020666f6c64ffda4dfd0000000055"
      + "1312ca5f2a4d18280000001400000030000000000000000100000072e4cb7d349a56b0c95be3ba9bfd75a84f46494e44"
      + "455831"

    private func bytes(hex: String) -> [UInt8]? {
      var bytes: [UInt8] = []
      var rest = hex[...]
      while !rest.isEmpty {
        guard let byte = UInt8(rest.prefix(2), radix: 16) else { return nil }
        bytes.append(byte)
        rest = rest.dropFirst(2)
      }
      return bytes
    }
  }

  @Suite struct Damage {
    @Test(arguments: Sample.allCases)
    func anyFlippedByteIsFoundOrHarmless(sample: Sample) throws {
      let content = sample.bytes(300_000, seed: 5)
      let frame = try LZ4Frame.compress(content)
      var generator = SeededGenerator(seed: 6)
      var positions = Set(0..<40).union(frame.count - 80..<frame.count)
      for _ in 0..<200 { positions.insert(Int.random(in: 0..<frame.count, using: &generator)) }
      var found = 0
      for position in positions.sorted() {
        var damaged = frame
        damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        do throws(LZ4FrameError) {
          // Only the end mark and the whole content's checksum are not needed for ranges.
          let read = try LZ4Frame.decompress(damaged)
          #expect(read == content, "position \(position)")
        } catch {
          found += 1
        }
      }
      #expect(found >= positions.count - 8, "\(found) of \(positions.count) flips found")
    }

    @Test(arguments: Sample.allCases)
    func everyTruncationIsAnError(sample: Sample) throws {
      let frame = try LZ4Frame.compress(sample.bytes(300_000, seed: 7))
      var generator = SeededGenerator(seed: 8)
      var counts = Set(0..<30).union(frame.count - 60..<frame.count)
      for _ in 0..<50 { counts.insert(Int.random(in: 0..<frame.count, using: &generator)) }
      for count in counts {
        #expect(throws: LZ4FrameError.self, "cut to \(count) bytes") {
          try LZ4Frame.decompress(Array(frame.prefix(count)))
        }
      }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func noiseIsAnError(seed: UInt64) {
      var generator = SeededGenerator(seed: seed)
      var noise = Sample.random.bytes(Int.random(in: 0...2000, using: &generator), seed: seed)
      // Half of them pass the first look.
      if seed.isMultiple(of: 2) { noise += Array("OFINDEX1".utf8) }
      #expect(throws: LZ4FrameError.self, "seed \(seed)") { try LZ4Frame.decompress(noise) }
    }

    @Test func swappedBlocksOfOneFrameAreFound() throws {
      let text = Sample.text.bytes(2 * LZ4Frame.blockSize, seed: 9)
      let frame = try LZ4Frame.compress(text)
      let other = try LZ4Frame.compress(Array(text.reversed()))
      #expect(throws: LZ4FrameError.self) {
        try LZ4Frame.decompress(Array(frame.prefix(frame.count / 2)) + other.suffix(frame.count - frame.count / 2))
      }
    }
  }

  @Suite struct Encoder {
    @Test func fewerBytesThanAnnouncedAreRefused() throws {
      var encoder = try LZ4FrameEncoder(contentSize: 10)
      var frame: [UInt8] = []
      try encoder.begin(into: &frame)
      try encoder.add([1, 2, 3].span.bytes, into: &frame)
      do {
        try encoder.finish(into: &frame)
        Issue.record("a frame with missing bytes was finished")
      } catch {
        #expect(error == .library("ERROR_frameSize_wrong"))
      }
    }
  }
}

/// Counts what is read.
private final class CountingSource: ByteSource {
  private let base: ArraySource
  private(set) var bytesRead = 0

  init(_ bytes: [UInt8]) { base = ArraySource(bytes: bytes) }

  var size: Int64 { base.size }

  func bytes(_ range: Range<Int64>) throws(LZ4FrameError) -> [UInt8] {
    bytesRead += Int(range.upperBound - range.lowerBound)
    return try base.bytes(range)
  }
}
