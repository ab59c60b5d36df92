// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Server

struct UpgradeGateTests {
  private static let handshake: HTTPHeaders = [
    "host": "a", "upgrade": "websocket", "connection": "upgrade", "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  ]

  private func channel(admits: Bool = true, drain: TimeAmount = .zero) throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(handler: UpgradeGate(headTimeout: .seconds(10), drain: drain) { _ in admits })
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    return channel
  }

  private func upgradeHeader(
    after headers: HTTPHeaders, method: HTTPMethod = .GET, on channel: EmbeddedChannel
  ) throws -> [String] {
    try channel.writeInbound(
      HTTPServerRequestPart.head(.init(version: .http1_1, method: method, uri: "/api/v1/live", headers: headers)))
    guard case .head(let head) = try channel.readInbound(as: HTTPServerRequestPart.self) else { return ["no head"] }
    return head.headers["upgrade"]
  }

  @Test func letsAHandshakeThrough() throws {
    #expect(try upgradeHeader(after: Self.handshake, on: channel()) == ["websocket"])
  }

  @Test func takesTheHeaderOffARefusedOne() throws {
    #expect(try upgradeHeader(after: Self.handshake, on: channel(admits: false)) == [])
  }

  @Test(arguments: [
    ("upgrade", "h2c"), ("sec-websocket-version", "8"), ("content-length", "3"), ("transfer-encoding", "chunked"),
  ])
  func takesTheHeaderOffWhatIsNoHandshake(_ name: String, _ value: String) throws {
    var headers = Self.handshake
    headers.replaceOrAdd(name: name, value: value)
    #expect(try upgradeHeader(after: headers, on: channel()) == [])
  }

  @Test func takesTheHeaderOffAPost() throws {
    #expect(try upgradeHeader(after: Self.handshake, method: .POST, on: channel()) == [])
  }

  @Test func closesAConnectionThatAsksForNothing() throws {
    let channel = try channel()
    channel.embeddedEventLoop.advanceTime(by: .seconds(11))
    #expect(!channel.isActive)
  }

  @Test func closesASilentConnectionWhenTheServerStops() throws {
    let channel = try channel()
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.run()
    #expect(!channel.isActive)
  }

  @Test func behindAProxyAHeadThatIsOnItsWayIsStillTakenWhenTheServerStops() throws {
    let channel = try channel(drain: .seconds(2))
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    _ = try upgradeHeader(after: ["host": "a"], on: channel)
    channel.embeddedEventLoop.advanceTime(by: .seconds(5))
    #expect(channel.isActive)
  }

  @Test func behindAProxyASilentConnectionIsClosedAfterAMoment() throws {
    let channel = try channel(drain: .seconds(2))
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1999))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(!channel.isActive)
  }

  @Test func answersWhatTheParserRefuses() throws {
    let channel = try channel()
    channel.pipeline.fireErrorCaught(HTTPParserError.headerOverflow)
    guard case .head(let head) = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
      Issue.record("there is no answer")
      return
    }
    #expect(head.status == .requestHeaderFieldsTooLarge)
    #expect(!channel.isActive)
  }
}
