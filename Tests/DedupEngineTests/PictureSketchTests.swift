// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import TestSupport
import Testing

/// Pictures are compared by where they are light and dark, and not by how light, how large or how clean they are.
struct PictureSketchTests {
  @Test func whatCamerasAndEditorsDoToAPictureLeavesItAlike() {
    var generator = SeededGenerator.printed()
    var missed: [String: Int] = [:]
    for _ in 0..<12 {
      let picture = LightPicture.random(using: &generator)
      let changes: [(String, LightPicture)] = [
        ("lighter", picture.map { $0 * 0.8 + 40 }), ("darker", picture.map { $0 * 0.7 }),
        ("more contrast", picture.map { ($0 - 128) * 1.3 + 128 }),
        ("noise", picture.map { $0 + Double.random(in: -8...8, using: &generator) }),
        ("blurred", picture.blurred()), ("trimmed", picture.inner(0.95)), ("framed", picture.framed(0.05)),
        ("a mark", picture.marked(at: (0.7, 0.8), size: 0.25)),
      ]
      for (name, changed) in changes {
        let similarity = picture.sketch?.similarity(to: changed.sketch) ?? 0
        if similarity < SketchAlgorithm.picture.leastSimilarity { missed[name, default: 0] += 1 }
      }
    }
    // Pictures of blots alone are the hardest: real ones have edges.
    #expect(missed.values.allSatisfy { $0 <= 1 }, "of twelve each: \(missed)")
  }

  @Test func otherPicturesAreNotAlike() {
    var generator = SeededGenerator.printed()
    let pictures = (0..<60).map { _ in LightPicture.random(using: &generator).sketch }
    var highest = 0.0
    for (index, one) in pictures.enumerated() {
      for other in pictures[(index + 1)...] { highest = max(highest, one?.similarity(to: other) ?? 0) }
    }
    #expect(highest < SketchAlgorithm.picture.leastSimilarity)
  }

  @Test func alikePicturesShareALookUpKey() {
    var generator = SeededGenerator.printed()
    var missed = 0
    for _ in 0..<40 {
      let picture = LightPicture.random(using: &generator)
      let changed = picture.inner(0.97).marked(at: (0.1, 0.1), size: 0.2).map {
        $0 * 0.9 + Double.random(in: -8...8, using: &generator)
      }
      guard let one = picture.sketch, let other = changed.sketch,
        one.similarity(to: other) >= SketchAlgorithm.picture.leastSimilarity
      else { continue }
      if Set(one.keys).isDisjoint(with: other.keys) { missed += 1 }
    }
    #expect(missed <= 1, "one in forty at most")
  }

  @Test func aPictureWithTooLittleOnItHasNoSketch() {
    #expect(LightPicture { _, _ in 200 }.sketch == nil, "one colour")
    #expect(LightPicture { x, _ in x * 255 }.sketch == nil, "from dark to light")
    #expect(LightPicture { x, y in (x < 0.1 && y < 0.1) ? 0 : 255 }.sketch == nil, "a dot in a corner")
  }

  @Test func whatIsEmptyInBothSaysNothing() throws {
    // The upper half of both is white; below they differ.
    var generator = SeededGenerator.printed()
    let (one, other) = (LightPicture.random(using: &generator), LightPicture.random(using: &generator))
    let half = { (picture: LightPicture) in LightPicture { x, y in y < 0.45 ? 255 : picture.light(x, y) } }
    guard let first = half(one).sketch, let second = half(other).sketch else { return }
    #expect(first.similarity(to: second) < SketchAlgorithm.picture.leastSimilarity)
  }

  /// What is in the log already must stay comparable: a change that fails here needs another name than `img1`.
  @Test func theSketchOfAPictureIsTheSameForEver() throws {
    let picture = LightPicture { x, y in
      Double((Int(x * 640) * 7 ^ Int(y * 480) * 13) & 0xff) * 0.5 + (x * 3).truncatingRemainder(dividingBy: 1) * 100
    }
    let sketch = try #require(picture.sketch)
    #expect(sketch.signature.count == SketchAlgorithm.picture.signatureBytes)
    #expect(SHA256Hasher.hash(sketch.signature).prefix(8) == [0xc1, 0x58, 0xfa, 0xa3, 0x83, 0x31, 0x2b, 0xaf])
  }

  @Test(arguments: [
    ([0xff, 0xd8, 0xff, 0xe0], true), ([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a], true), (Array("GIF89a".utf8), true),
    (Array("RIFF\0\0\0\0WEBPVP8 ".utf8), true), ([0x49, 0x49, 42, 0], true), ([0x4d, 0x4d, 0, 42], true),
    (Array("RIFF\0\0\0\0WAVE".utf8), false), (Array("<svg>".utf8), false), ([], false), ([0xff], false),
  ])
  func formsOfPicturesAreKnownByTheirFirstBytes(head: [UInt8], expected: Bool) {
    #expect(PictureSketcher.mayBePicture(head) == expected)
  }
}
