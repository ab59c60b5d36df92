// SPDX-License-Identifier: Apache-2.0

import EventStore
import Testing

@testable import Server

struct LiveConversationTests {
  private let start = ContinuousClock.now
  private var conversation: LiveConversation

  init() { conversation = LiveConversation(timing: .init(), at: start) }

  private static let authenticate = "{\"type\":\"authenticate\",\"token\":\"t\",\"after\":7}"

  private mutating func open(until expiry: Duration) {
    _ = conversation.received(Self.authenticate)
    conversation.accepted(until: start + expiry)
  }

  @Test mutating func hasTheTokenChecked() {
    #expect(conversation.received(Self.authenticate) == .verify(token: "t", after: Position(7)))
    #expect(conversation.phase == .verifying)
    conversation.accepted(until: start + .seconds(600))
    #expect(conversation.phase == .open(until: start + .seconds(600)))
  }

  @Test mutating func takesATokenWithoutAPosition() {
    #expect(
      conversation.received("{\"type\":\"authenticate\",\"token\":\"t\"}") == .verify(token: "t", after: nil))
  }

  @Test(arguments: ["", "hello", "{}", "{\"type\":\"subscribe\",\"token\":\"t\"}", "{\"type\":\"authenticate\"}"])
  mutating func closesForAnyOtherFirstMessage(_ text: String) {
    guard case .close(let reason) = conversation.received(text) else {
      Issue.record("it goes on")
      return
    }
    #expect(reason.code == 4401)
    #expect(conversation.phase == .closed)
  }

  @Test mutating func closesForAPositionThatIsNone() {
    guard case .close(let reason) = conversation.received("{\"type\":\"authenticate\",\"token\":\"t\",\"after\":-1}")
    else {
      Issue.record("it goes on")
      return
    }
    #expect(reason.code == 1008)
  }

  @Test mutating func closesWhenNoTokenComes() {
    #expect(conversation.tick(at: start + .seconds(9)) == .nothing)
    #expect(conversation.nextTick == start + .seconds(10))
    #expect(conversation.tick(at: start + .seconds(10)) == .close(.unauthenticated("No token came in time.")))
    #expect(conversation.tick(at: start + .seconds(11)) == .nothing)
  }

  @Test mutating func closesForARefusedToken() {
    _ = conversation.received(Self.authenticate)
    #expect(
      conversation.refused("The access token has expired.") == .close(.unauthenticated("The access token has expired."))
    )
  }

  @Test mutating func closesForASecondMessage() {
    open(until: .seconds(600))
    guard case .close(let reason) = conversation.received(Self.authenticate) else {
      Issue.record("it goes on")
      return
    }
    #expect(reason.code == 1008)
  }

  @Test mutating func closesForABinaryMessage() {
    open(until: .seconds(600))
    guard case .close(let reason) = conversation.receivedBinary() else {
      Issue.record("it goes on")
      return
    }
    #expect(reason.code == 1003)
  }

  @Test mutating func closesWhenTheTokenExpires() {
    open(until: .seconds(20))
    #expect(conversation.tick(at: start + .seconds(19)) == .nothing)
    #expect(conversation.nextTick == start + .seconds(20))
    guard case .close(let reason) = conversation.tick(at: start + .seconds(20)) else {
      Issue.record("it goes on")
      return
    }
    #expect(reason.code == 4401)
  }

  @Test mutating func pingsAndGivesUpOnSilence() {
    open(until: .seconds(600))
    #expect(conversation.tick(at: start + .seconds(30)) == .ping)
    #expect(conversation.tick(at: start + .seconds(31)) == .nothing)
    #expect(conversation.tick(at: start + .seconds(60)) == .ping)
    #expect(conversation.tick(at: start + .seconds(75)) == .close(.tooSlow))
  }

  @Test mutating func anAnswerToAPingKeepsItOpen() {
    open(until: .seconds(600))
    conversation.heard(at: start + .seconds(70))
    #expect(conversation.tick(at: start + .seconds(80)) == .ping)
    #expect(conversation.nextTick == start + .seconds(110))
  }
}
