// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import TestSupport
import Testing

struct ChunkerTests {
  static let gear = GearTable(secret: [1, 2, 3])
  static let tiny = ChunkingParameters(minimum: 64, average: 256, maximum: 1024, normalization: 2)

  /// What `Chunker` says of itself, byte by byte and without a thought for speed.
  private func naiveCuts(_ content: [UInt8], _ parameters: ChunkingParameters, secret: [UInt8]) -> [Int] {
    let table = (UInt8(0)..<64).flatMap { counter in
      let block = SHA256Hasher.hash(Array("onefold gear".utf8) + [counter] + secret)
      return (0..<4).map { word in
        block[word * 8..<word * 8 + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      }
    }
    let bits = parameters.average.trailingZeroBitCount
    var cuts: [Int] = []
    var (start, hash) = (0, UInt64(0))
    for (place, byte) in content.enumerated() {
      let count = place + 1 - start
      if count > parameters.minimum { hash = hash << 1 &+ table[Int(byte)] }
      let wanted = count <= parameters.average ? bits + parameters.normalization : bits - parameters.normalization
      let isCut = count > parameters.minimum && hash >> UInt64(64 - wanted) == 0
      if isCut || count == parameters.maximum || place + 1 == content.count {
        cuts.append(place + 1)
        (start, hash) = (place + 1, 0)
      }
    }
    return cuts
  }

  private func cuts(_ content: [UInt8], _ chunker: Chunker) -> [Int] {
    var cuts: [Int] = []
    let count = chunker.cut(content.span.bytes, isLast: true) { cuts.append($0.upperBound) }
    #expect(count == content.count)
    return cuts
  }

  /// If these change, nothing that is stored meets anything new any more: give the parameters another name instead.
  @Test func cutsAreWhereTheyHaveAlwaysBeen() {
    let content = Sample.random.bytes(1_000_000, seed: 1)
    let small = Chunker(.small, gear: Self.gear)
    #expect(small.name == "fastcdc-4096-16384-65536-2-f4615e44e4ce51f5")
    #expect(cuts(content, small).prefix(8) == [18621, 23464, 47715, 80842, 101734, 119595, 145731, 162437])
    #expect(cuts(content, Chunker(.large, gear: Self.gear)).prefix(4) == [23464, 89374, 160518, 178421])
  }

  @Test(arguments: Sample.allCases, [0, 1, 63, 64, 65, 256, 1024, 1025, 100_000])
  func cutsAreThoseOfTheDefinition(sample: Sample, size: Int) {
    let seed = UInt64.random(in: 0...UInt64.max)
    let content = sample.bytes(size, seed: seed)
    let expected = naiveCuts(content, Self.tiny, secret: [1, 2, 3])
    #expect(cuts(content, Chunker(Self.tiny, gear: Self.gear)) == expected, "seed \(seed)")
  }

  @Test(arguments: [ChunkingParameters.small, .large])
  func chunksHaveTheSizesThatTheParametersSay(parameters: ChunkingParameters) {
    let content = Sample.random.bytes(20_000_000, seed: 2)
    let cuts = cuts(content, Chunker(parameters, gear: Self.gear))
    let sizes = zip(cuts, [0] + cuts).map { $0 - $1 }
    #expect(sizes.dropLast().allSatisfy { parameters.minimum < $0 && $0 <= parameters.maximum })
    let mean = Double(content.count) / Double(sizes.count)
    #expect((0.8...1.4).contains(mean / Double(parameters.average)), "mean \(mean)")
    let atMost = sizes.count { $0 == parameters.maximum }
    #expect(atMost * 100 < sizes.count, "\(atMost) of \(sizes.count) were cut by force")
  }

  @Test(arguments: Sample.allCases)
  func cutsDoNotDependOnHowTheContentComes(sample: Sample) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let content = sample.bytes(200_000, seed: random.next())
    let chunker = Chunker(Self.tiny, gear: Self.gear)
    var cuts: [Int] = []
    var window: [UInt8] = []
    var (read, cut) = (0, 0)
    while cut < content.count {
      let part = content[read..<min(content.count, read + Int(random.next() % 5000))]
      read += part.count
      window += part
      let taken = chunker.cut(window.span.bytes, isLast: read == content.count) { cuts.append(cut + $0.upperBound) }
      window.removeFirst(taken)
      cut += taken
    }
    #expect(cuts == self.cuts(content, chunker), "seed \(seed)")
  }

  @Test(arguments: [Sample.random, .text, .mixed])
  func anInsertedByteChangesTheChunksNearItAndNoOthers(sample: Sample) {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let chunker = Chunker(.small, gear: Self.gear)
    let content = sample.bytes(4_000_000, seed: random.next())
    let before = Set(digests(content, chunker))
    var edited = content
    edited.insert(7, at: Int(random.next() % UInt64(content.count)))
    let fresh = digests(edited, chunker).filter { !before.contains($0) }
    #expect((1...6).contains(fresh.count), "\(fresh.count) new chunks, seed \(seed)")
  }

  @Test func anotherSecretCutsElsewhere() {
    let content = Sample.random.bytes(4_000_000, seed: 3)
    let other = GearTable(secret: [1, 2, 4])
    #expect(other.fingerprint != Self.gear.fingerprint)
    let shared = Set(cuts(content, Chunker(.small, gear: Self.gear))).intersection(
      cuts(content, Chunker(.small, gear: other)))
    #expect(shared.count < 5, "only the end, and what chance makes equal")
  }

  @Test(arguments: Sample.allCases, [ChunkCompression.lz4, .zstd(level: 1), .zstd(level: 3), .zstd(level: 19)])
  func compressedChunksComeBack(sample: Sample, compression: ChunkCompression) {
    for size in [1, 15, 16, 17, 4096, 65_536] { compressedChunkComesBack(sample, size, compression) }
  }

  private func compressedChunkComesBack(_ sample: Sample, _ size: Int, _ compression: ChunkCompression) {
    let content = sample.bytes(size, seed: 4)
    var compressor = ChunkCompressor(compression)
    func decompress(_ form: [UInt8], count: Int) -> [UInt8]? {
      compression == .lz4
        ? CompressedChunk.lz4(form.span.bytes, count: count) : CompressedChunk.zstd(form.span.bytes, count: count)
    }
    for _ in 0..<2 {
      var stored: [UInt8] = [1, 2, 3]
      let isCompressed = compressor.append(content.span.bytes, to: &stored)
      let form = Array(stored[3...])
      if isCompressed {
        #expect(form.count <= size - size / 16 - 1)
        #expect(decompress(form, count: size) == content)
        #expect(decompress(form, count: size - 1) == nil)
        #expect(decompress(form, count: size + 1) == nil)
      } else {
        #expect(form == content)
      }
      if size > 1000, sample != .mixed { #expect(isCompressed == (sample != .random)) }
    }
  }

  @Test(arguments: ["lz4", "zstd", "zstd-1", "zstd-19"])
  func compressionsHaveNames(name: String) {
    let compression = ChunkCompression(rawValue: name)
    #expect(compression != nil && compression?.rawValue == (name == "zstd" ? "zstd-3" : name))
  }

  @Test(arguments: ["", "LZ4", "lz4-1", "zstd-", "zstd-0", "zstd-20", "zstd-x", "gzip"])
  func otherNamesAreNone(name: String) { #expect(ChunkCompression(rawValue: name) == nil) }

  /// A frame that was made to become more than it says here is no more than nothing.
  @Test func aFrameOfMoreBytesThanItsEntrySaysIsRefused() {
    let content = [UInt8](repeating: 0, count: 60_000_000)
    var compressor = ChunkCompressor(.zstd(level: 1))
    var stored: [UInt8] = []
    #expect(compressor.append(content.span.bytes, to: &stored) && stored.count < 10_000)
    #expect(CompressedChunk.zstd(stored.span.bytes, count: 65_536) == nil)
    #expect(CompressedChunk.zstd([1, 2, 3].span.bytes, count: 3) == nil)
  }

  private func digests(_ content: [UInt8], _ chunker: Chunker) -> [[UInt8]] {
    var digests: [[UInt8]] = []
    let bytes = content.span.bytes
    _ = chunker.cut(bytes, isLast: true) { digests.append(SHA256Hasher.hash(bytes.extracting($0))) }
    return digests
  }
}
