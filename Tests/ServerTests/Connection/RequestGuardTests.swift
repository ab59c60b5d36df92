// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Server

struct RequestGuardTests {
  private let channel: EmbeddedChannel

  init() throws {
    var limits = RequestGuard.Limits()
    limits.drain = .seconds(2)
    channel = EmbeddedChannel(handler: RequestGuard(limits: limits))
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private func receive(_ parts: HTTPRequestPart...) throws {
    for part in parts { try channel.writeInbound(part) }
  }

  private func answer(_ status: HTTPResponse.Status) throws {
    channel.write(HTTPResponsePart.head(HTTPResponse(status: status)), promise: nil)
    channel.writeAndFlush(HTTPResponsePart.end(nil), promise: nil)
  }

  private func sentHead() throws -> HTTPResponse? {
    guard case .head(let head) = try channel.readOutbound(as: HTTPResponsePart.self) else { return nil }
    return head
  }

  private var upload: HTTPRequestPart {
    .head(HTTPRequest(method: .put, scheme: "http", authority: "a", path: "/", headerFields: [.expect: "100-continue"]))
  }

  @Test func saysContinueOnlyWhenTheBodyIsAskedFor() throws {
    try receive(upload)
    #expect(try sentHead() == nil)
    channel.triggerUserOutboundEvent(RequestGuard.BodyAccepted(), promise: nil)
    #expect(try sentHead()?.status == .continue)
  }

  @Test func saysNothingToAClientThatSendsAlready() throws {
    try receive(upload, .body(ByteBuffer(string: "x")))
    channel.triggerUserOutboundEvent(RequestGuard.BodyAccepted(), promise: nil)
    #expect(try sentHead() == nil)
  }

  @Test func closesAfterAnEarlyAnswer() throws {
    try receive(upload)
    try answer(.contentTooLarge)
    #expect(try sentHead()?.headerFields[.connection] == "close")
    channel.embeddedEventLoop.advanceTime(by: .seconds(3))
    #expect(!channel.isActive)
  }

  @Test func keepsTheConnectionOtherwise() throws {
    try receive(upload, .end(nil))
    try answer(.ok)
    #expect(try sentHead()?.headerFields[.connection] == nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(30))
    #expect(channel.isActive)
  }

  @Test func whenTheServerStopsTheAnswerUnderWayIsTheLast() throws {
    try receive(upload, .end(nil))
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.advanceTime(by: .seconds(10))
    #expect(channel.isActive)
    try answer(.ok)
    #expect(try sentHead()?.headerFields[.connection] == "close")
    channel.embeddedEventLoop.advanceTime(by: .seconds(3))
    #expect(!channel.isActive)
  }

  @Test func whenTheServerStopsARequestThatIsOnItsWayIsStillAnswered() throws {
    try receive(upload, .end(nil))
    try answer(.ok)
    _ = try (sentHead(), channel.readOutbound(as: HTTPResponsePart.self))
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    try receive(upload, .end(nil))
    channel.embeddedEventLoop.advanceTime(by: .seconds(5))
    try answer(.ok)
    #expect(try sentHead()?.headerFields[.connection] == "close")
  }

  @Test func whenTheServerStopsASilentConnectionIsClosedAfterAMoment() throws {
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1999))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(!channel.isActive)
  }

  @Test func givesUpABodyThatIsTooSlow() throws {
    try receive(upload, .body(ByteBuffer(string: "x")))
    channel.read()
    #expect(throws: BodyTooSlow.self) {
      channel.embeddedEventLoop.advanceTime(by: .seconds(21))
      try channel.throwIfErrorCaught()
    }
  }

  @Test func waitsForAReaderThatIsSlowItself() throws {
    try receive(upload, .body(ByteBuffer(string: "x")))
    channel.embeddedEventLoop.advanceTime(by: .seconds(61))
    try channel.throwIfErrorCaught()
    #expect(channel.isActive)
  }
}
