// SPDX-License-Identifier: Apache-2.0

import NIOCore
import NIOWebSocket

/// Says goodbye on a WebSocket when the server stops: Close 1001 (going away), and the end of the connection soon after.
final class WebSocketFarewell: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  /// How long a client has for its own Close.
  static let patience = TimeAmount.seconds(2)

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard event is ChannelShouldQuiesceEvent else { return context.fireUserInboundEventTriggered(event) }
    let frame = WebSocketFrame.close(.goingAway)
    context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { bound.value.close(promise: nil) }
  }
}
