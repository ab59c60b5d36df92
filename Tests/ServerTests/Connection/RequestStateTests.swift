// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Server

struct RequestStateTests {
  private var state = RequestState()

  @Test mutating func keepsTheConnectionAfterAWholeRequest() {
    state.requestBegan()
    state.bodyCame(bytes: 10)
    state.requestEnded()
    #expect(state.answerBegan() == .keepOpen)
    #expect(state.answerEnded() == .keepOpen)
  }

  @Test mutating func closesAfterAnAnswerBeforeTheEndOfTheBody() {
    state.requestBegan()
    state.bodyCame(bytes: 10)
    #expect(state.answerBegan() == .closeAfterwards)
    state.requestEnded()
    #expect(state.answerEnded() == .closeAfterwards)
  }

  @Test mutating func anUnfinishedNextRequestDoesNotCloseForTheOneBefore() {
    state.requestBegan()
    state.requestEnded()
    state.requestBegan()
    state.bodyCame(bytes: 10)
    #expect(state.answerBegan() == .keepOpen)
    #expect(state.answerEnded() == .keepOpen)
    #expect(state.answerBegan() == .closeAfterwards)
  }

  @Test mutating func allowsABodyOnlyToItsOwnRequest() {
    #expect(!state.mayContinue)
    state.requestBegan()
    #expect(state.mayContinue)
    state.bodyCame(bytes: 1)
    #expect(!state.mayContinue)
    state.requestEnded()
    state.requestBegan()
    // The request before it has no answer yet: the handler that asks is that one's.
    #expect(!state.mayContinue)
  }

  @Test mutating func countsBytesByWindow() {
    state.requestBegan()
    state.bodyCame(bytes: 3)
    state.bodyCame(bytes: 4)
    #expect(state.takeWindow() == 7)
    #expect(state.takeWindow() == 0)
  }
}
