// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Testing

struct StarChoiceTests {
  private func neighbour(
    _ content: String, order: Int64, score: Double, medoid: String? = nil
  ) -> StarChoice<String>.Neighbour {
    StarChoice.Neighbour(content: content, order: order, score: score, medoid: medoid)
  }

  @Test func theMostAlikeIsJoinedAndOfEqualsTheEarliest() {
    var choice = StarChoice(neighbours: [
      neighbour("a", order: 3, score: 0.7), neighbour("b", order: 2, score: 0.9), neighbour("c", order: 1, score: 0.9),
    ])
    #expect(choice.best()?.content == "c")
    choice.unfit = ["c"]
    #expect(choice.best()?.content == "b")
  }

  @Test func oneOnItsOwnIsPreferredToAMemberOfAnotherGroup() {
    let choice = StarChoice(neighbours: [
      neighbour("member", order: 2, score: 0.95, medoid: "a"), neighbour("alone", order: 1, score: 0.5),
    ])
    #expect(choice.best()?.content == "alone")
    // Without such a one a group is begun round the member.
    #expect(choice.best { $0 != "alone" }?.content == "member")
  }

  @Test func nothingAlikeIsNoPlace() {
    #expect(StarChoice<String>().best() == nil)
  }
}
