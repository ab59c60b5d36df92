// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Testing

@testable import Projections

struct StoredSketchTests {
  private let sketch = StoredSketch(algorithm: "txt1", signature: (0..<256).map { UInt8(truncatingIfNeeded: $0 &* 7) })

  @Test func theKeysOfTwoOwnersHaveNothingInCommon() throws {
    let (one, other) = (UUID(), UUID())
    let keys = try #require(sketch.keys(of: one))
    #expect(Set(keys).count == 32)
    #expect(keys == sketch.keys(of: one))
    #expect(Set(keys).isDisjoint(with: try #require(sketch.keys(of: other))))
  }

  @Test func aSketchOfAnotherProgramIsNotFound() {
    #expect(StoredSketch(algorithm: "txt9", signature: sketch.signature).keys(of: UUID()) == nil)
    #expect(StoredSketch(algorithm: "txt1", signature: [1, 2, 3]).sketch == nil)
  }
}
