// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOHTTP1

/// Lets a connection's first request through to NIO's upgrade handler only when it will really become a WebSocket.
///
/// `NIOTypedHTTPServerUpgradeHandler` loses the head of a request that has an `Upgrade` header and is not upgraded: the client would
/// wait for ever. So `Upgrade` is taken off every other request, and the router answers it. The gate also ends connections that
/// send no head in time, since no other timer runs until the first one has come.
final class UpgradeGate: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let headTimeout: TimeAmount
  private let admits: @Sendable (HTTPRequestHead) -> Bool
  private var isFirst = true
  private var deadline: Scheduled<Void>?
  private let drain: TimeAmount
  private var isDraining = false

  /// - Parameter drain: how long a connection that has asked for nothing yet is kept when the server stops.
  init(headTimeout: TimeAmount, drain: TimeAmount, admits: @escaping @Sendable (HTTPRequestHead) -> Bool) {
    self.headTimeout = headTimeout
    self.drain = drain
    self.admits = admits
  }

  func handlerAdded(context: ChannelHandlerContext) { closeUnlessHeadComes(within: headTimeout, context) }

  private func closeUnlessHeadComes(within limit: TimeAmount, _ context: ChannelHandlerContext) {
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    deadline?.cancel()
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { bound.value.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isFirst, case .head(var head) = Self.unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    isFirst = false
    deadline?.cancel()
    if !(head.asksForWebSocket && admits(head)) { head.headers.remove(name: "upgrade") }
    context.fireChannelRead(Self.wrapInboundOut(.head(head)))
    guard isDraining else { return }
    // Once those handlers are there that this is for.
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.assumeIsolated().execute {
      bound.value.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Past the first request Hummingbird answers what the parser refuses; before it nobody does.
    guard isFirst, let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
    isFirst = false
    let status: HTTPResponseStatus = error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
    let head = HTTPResponseHead(
      version: .http1_1, status: status, headers: ["connection": "close", "content-length": "0"])
    context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      bound.value.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // The server stops, and this connection has not asked for anything yet: what it asks for is on its way, perhaps.
    if isFirst && event is ChannelShouldQuiesceEvent {
      isDraining = true
      return closeUnlessHeadComes(within: drain, context)
    }
    context.fireUserInboundEventTriggered(event)
  }
}

extension HTTPRequestHead {
  /// A complete and well-formed opening handshake of RFC 6455.
  fileprivate var asksForWebSocket: Bool {
    method == .GET && headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
      && headers["sec-websocket-version"] == ["13"] && headers["sec-websocket-key"].count == 1
      && headers["content-length"].isEmpty && headers["transfer-encoding"].isEmpty
  }
}
