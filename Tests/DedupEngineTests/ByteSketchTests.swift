// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import DedupEngine

/// Contents of any kind are found again by what their bytes have in common.
struct ByteSketchTests {
  /// Like a disk's image: noise and runs of zeros, which have one part between them.
  private static func image(_ size: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var content: [UInt8] = []
    while content.count < size {
      content += Sample.random.bytes(Int.random(in: 500...20_000, using: &generator), seed: generator.next())
      content += [UInt8](repeating: 0, count: Int.random(in: 500...20_000, using: &generator))
    }
    return Array(content.suffix(size))
  }

  /// Up to a tenth of the bytes, in one place.
  private enum Edit: CaseIterable {
    case replace, insert, delete, move, append, truncate

    func apply(_ content: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
      let length = Int.random(in: 1...content.count / 10, using: &generator)
      let start = Int.random(in: 0...content.count - length, using: &generator)
      let noise = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
      var edited = content
      switch self {
      case .replace: edited.replaceSubrange(start..<start + length, with: noise)
      case .insert: edited.insert(contentsOf: noise, at: start)
      case .delete: edited.removeSubrange(start..<start + length)
      case .move:
        edited.removeSubrange(start..<start + length)
        edited.insert(
          contentsOf: content[start..<start + length], at: Int.random(in: 0...edited.count, using: &generator))
      case .append: edited += noise
      case .truncate: edited.removeLast(length)
      }
      return edited
    }
  }

  @Test(arguments: [64 << 10, 300_000, 2_000_000])
  func anEditInOnePlaceIsFound(size: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let rounds = size > 1_000_000 ? 1 : 12
    var (least, edits, missed) = (1.0, 0, 0)
    let makers =
      [Sample.random, .mixed, .text].map { sample in { sample.bytes(size, seed: $0) } } + [
        { Self.image(size, seed: $0) }
      ]
    for make in makers {
      for _ in 0..<rounds {
        let content = make(generator.next())
        let sketch = try #require(ByteSketcher.sketch(content))
        for edit in Edit.allCases {
          let other = try #require(ByteSketcher.sketch(edit.apply(content, &generator)))
          let score = sketch.similarity(to: other)
          least = min(least, score)
          edits += 1
          let isFound =
            score >= SketchAlgorithm.bytes.leastSimilarity && !Set(sketch.keys).isDisjoint(with: other.keys)
          if !isFound { missed += 1 }
        }
      }
    }
    print("\(edits) one-place edits of \(size) bytes: missed \(missed), least similarity \(least), seed \(seed)")
    #expect(missed * 100 <= edits, "seed \(seed)")
  }

  @Test func contentsThatHaveNothingInCommonAreNotAlike() throws {
    let sketches = try (0..<40).map { try #require(ByteSketcher.sketch(Sample.random.bytes(100_000, seed: $0))) }
    for (index, left) in sketches.enumerated() {
      for right in sketches[(index + 1)...] { #expect(left.similarity(to: right) < 0.15) }
    }
  }

  @Test func whatHasFewDifferentPartsHasNoSketch() {
    #expect(ByteSketcher.sketch([UInt8](repeating: 0, count: 1_000_000)) == nil)
    #expect(ByteSketcher.sketch(Sample.random.bytes(4000, seed: 1)) == nil)
    #expect(ByteSketcher.sketch([]) == nil)
  }

  @Test func aContentInPartsHasTheSketchOfTheWhole() throws {
    let content = Sample.mixed.bytes(500_000, seed: 9)
    for step in [1, 5000, 70_000] {
      var sketcher = ByteSketcher()
      var (window, next): ([UInt8], Int) = ([], 0)
      while next < content.count {
        let end = min(content.count, next + step * 10)
        window += content[next..<end]
        next = end
        let (parts, count) = ByteSketcher.parts(of: window.span.bytes, isLast: next == content.count)
        sketcher.add(parts)
        window.removeFirst(count)
      }
      #expect(window.isEmpty)
      #expect(sketcher.finish() == ByteSketcher.sketch(content))
    }
  }

  /// What is in the log is compared with what is sketched today.
  @Test func theSketchOfAGivenContentNeverChanges() throws {
    let sketch = try #require(ByteSketcher.sketch(Sample.random.bytes(80_000, seed: 5)))
    #expect(SHA256Hasher.hash(sketch.signature).prefix(8).map { $0 } == Self.golden)
  }

  private static let golden: [UInt8] = [122, 120, 158, 15, 192, 132, 238, 247]

  @Test func theDifferenceSaysWhichBytesAreCommon() {
    let content = Sample.random.bytes(200_000, seed: 3)
    var edited = content
    edited.replaceSubrange(90_000..<100_000, with: Sample.random.bytes(20_000, seed: 4))
    func parts(_ content: [UInt8]) -> [ByteSketcher.Part] {
      ByteSketcher.parts(of: content.span.bytes, isLast: true).parts
    }
    let difference = ByteDifference.between(parts(content), parts(edited))
    #expect((difference.leftBytes, difference.rightBytes) == (200_000, 210_000))
    #expect(difference.leftCommon == difference.rightCommon && (175_000...190_000).contains(difference.leftCommon))
    #expect(
      difference.left.map(\.isCommon) == [true, false, true] && difference.right.map(\.isCommon) == [true, false, true])
    let changed = difference.right[1]
    #expect(changed.start <= 90_000 && changed.start + changed.byteCount >= 110_000)
    for (runs, bytes) in [(difference.left, difference.leftBytes), (difference.right, difference.rightBytes)] {
      #expect(runs.reduce(0) { $0 + $1.byteCount } == bytes)
    }
  }

  @Test func aDifferenceInThousandsOfPlacesIsToldInAHundred() {
    let parts = (0..<20_000).map { ByteSketcher.Part(hash: UInt64($0), size: 1000 + $0 % 7) }
    let others = parts.enumerated().map { index, part in
      index % 3 == 0 ? ByteSketcher.Part(hash: part.hash | 1 << 40, size: part.size) : part
    }
    let difference = ByteDifference.between(parts, others)
    #expect(difference.left.count <= ByteDifference.runLimit)
    #expect(difference.left.reduce(0) { $0 + $1.byteCount } == difference.leftBytes)
    #expect(difference.leftCommon > difference.leftBytes * 6 / 10)
  }
}
