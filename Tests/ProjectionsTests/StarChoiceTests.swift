// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation
import Testing

@testable import Projections

struct StarChoiceTests {
  private func neighbour(
    _ digest: String, since: Int64, score: Double, medoid: String? = nil
  ) -> StarChoice.Neighbour {
    StarChoice.Neighbour(digest: digest, since: since, score: score, matchedAt: Date(), medoid: medoid)
  }

  @Test func theMostAlikeIsJoinedAndOfEqualsTheEarliest() {
    var choice = StarChoice(neighbours: [
      neighbour("a", since: 3, score: 0.7), neighbour("b", since: 2, score: 0.9), neighbour("c", since: 1, score: 0.9),
    ])
    #expect(choice.best { _ in true }?.digest == "c")
    choice.unfit = ["c"]
    #expect(choice.best { _ in true }?.digest == "b")
  }

  @Test func oneOnItsOwnIsPreferredToAMemberOfAnotherGroup() {
    let choice = StarChoice(neighbours: [
      neighbour("member", since: 2, score: 0.95, medoid: "a"), neighbour("alone", since: 1, score: 0.5),
    ])
    #expect(choice.best { _ in true }?.digest == "alone")
    // Without such a one a group is begun round the member.
    #expect(choice.best { $0 != "alone" }?.digest == "member")
  }

  @Test func nothingAlikeIsNoPlace() {
    #expect(StarChoice().best { _ in true } == nil)
  }
}

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
