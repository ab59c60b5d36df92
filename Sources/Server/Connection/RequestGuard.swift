// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// Watches one connection's requests and answers, next to the HTTP codec, for what Hummingbird leaves open:
///
/// - `Expect: 100-continue` is answered when a handler asks for the body (``BodyAccepted``), not before.
/// - An answer that is given before the request's body has come closes the connection: otherwise the rest of a refused upload would be
///   read to its end. The client gets a moment to read the answer first.
/// - When the server stops, the next answer says that the connection ends with it. A connection without a request stays open for a moment: a
///   proxy may have sent one on it already, whose bytes it could not send again to another server.
/// - A body that comes too slowly, and an answer that is not taken, end the connection.
final class RequestGuard: ChannelDuplexHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// An outbound event: the request has passed the checks that come before its body.
  struct BodyAccepted: Sendable {}

  struct Limits: Sendable {
    /// Bytes a second, over ``window``, that a body must bring while the server waits for it.
    var minimumBodyRate = 1024
    /// How often the rate is looked at, and how long an answer may find no room in the socket's buffer.
    var window = TimeAmount.seconds(20)
    /// How long a client may go on sending what nobody reads, after an early answer.
    var linger = TimeAmount.seconds(2)
    /// How long a connection that waits for a request is kept when the server stops. Behind a proxy: longer than a request is on its way.
    var drain = TimeAmount.zero
  }

  private let limits: Limits
  private var state = RequestState()
  private var rateCheck: Scheduled<Void>?
  private var stallCheck: Scheduled<Void>?
  /// Whether the reader has asked for more than has come: then a slow body is the client's doing.
  private var isWaiting = false

  init(limits: Limits) { self.limits = limits }

  func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

  func channelInactive(context: ChannelHandlerContext) {
    cancelTimers()
    context.fireChannelInactive()
  }

  func read(context: ChannelHandlerContext) {
    isWaiting = true
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isWaiting = false
    switch Self.unwrapInboundIn(data) {
    case .head:
      state.requestBegan()
      scheduleRateCheck(context)
    case .body(let buffer):
      state.bodyCame(bytes: buffer.readableBytes)
    case .end:
      state.requestEnded()
      rateCheck?.cancel()
      rateCheck = nil
    }
    context.fireChannelRead(data)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
    state.drain()
    let bound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    context.eventLoop.assumeIsolated().scheduleTask(in: limits.drain) {
      let (context, guardian) = bound.value
      // Otherwise the answer under way closes it.
      if guardian.state.isIdle { context.close(promise: nil) }
    }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is BodyAccepted else { return context.triggerUserOutboundEvent(event, promise: promise) }
    guard state.mayContinue else { promise?.succeed(); return }
    context.writeAndFlush(Self.wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: promise)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch Self.unwrapOutboundIn(data) {
    case .head(var head) where head.status.kind != .informational:
      if state.answerBegan() == .closeAfterwards { head.headerFields[.connection] = "close" }
      context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
    case .end where state.answerEnded() == .closeAfterwards:
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      context.writeAndFlush(data).assumeIsolated().whenComplete { _ in
        bound.value.close(mode: .output, promise: nil)
      }
      promise?.succeed()
      context.eventLoop.assumeIsolated().scheduleTask(in: limits.linger) { bound.value.close(promise: nil) }
    default:
      context.write(data, promise: promise)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    stallCheck?.cancel()
    stallCheck = nil
    if !context.channel.isWritable {
      let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
      stallCheck = context.eventLoop.assumeIsolated().scheduleTask(in: limits.window) {
        bound.value.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  private func scheduleRateCheck(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
    rateCheck?.cancel()
    rateCheck = context.eventLoop.assumeIsolated().scheduleTask(in: limits.window) {
      let (context, guardian) = bound.value
      guardian.checkRate(context)
    }
  }

  private func checkRate(_ context: ChannelHandlerContext) {
    let minimum = limits.minimumBodyRate * Int(limits.window.nanoseconds / 1_000_000_000)
    guard state.isReceiving else { return }
    if state.takeWindow() < minimum && isWaiting {
      // Whoever reads the body gets this error, discards what it has, and answers 408.
      context.fireErrorCaught(BodyTooSlow())
    } else {
      scheduleRateCheck(context)
    }
  }

  private func cancelTimers() {
    rateCheck?.cancel()
    stallCheck?.cancel()
  }
}
