// SPDX-License-Identifier: Apache-2.0

import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket

/// One port for HTTP/1.1 and WebSockets: what Hummingbird sets up for each connection.
struct ServerChannel: HTTPChannelHandler {
  struct Limits: Sendable {
    /// From the opening of a connection to the end of its first head.
    var headTimeout = TimeAmount.seconds(10)
    /// Between requests, and without any progress of a head.
    var idleTimeout = Duration.seconds(60)
    /// Bytes of all header fields of one request together.
    var headerBytes = 32 * 1024
    var headerCount = 100
    /// Bytes of one frame that a client sends.
    var frameBytes = 16 * 1024
    var requests = RequestGuard.Limits()
  }

  enum Negotiated: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    case webSocket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>)
  }

  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let negotiated: EventLoopFuture<Negotiated>
  }

  let responder: HTTPChannelHandler.Responder
  let limits: Limits
  /// Whether a well-formed handshake may become a WebSocket; otherwise the router answers it.
  let admitsWebSocket: @Sendable (HTTPRequestHead) -> Bool
  /// Returns when the WebSocket is to be closed.
  let serveWebSocket:
    @Sendable (
      NIOAsyncChannelInboundStream<WebSocketFrame>, NIOAsyncChannelOutboundWriter<WebSocketFrame>, any Channel
    ) async throws -> Void

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      // Each piece of a body wakes a task: the larger they are while much comes, the less of a processor that takes.
      try channel.syncOptions?.setOption(
        .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 << 10))
      var decoderLimits = NIOHTTPDecoderLimitConfiguration()
      decoderLimits.maxHeaderFieldSize = limits.headerBytes
      decoderLimits.maxHeaderListSize = limits.headerBytes
      decoderLimits.maxHeaderFieldCount = limits.headerCount
      let encoder = HTTPResponseEncoder()
      let decoder = ByteToMessageHandler(
        HTTPRequestDecoder(
          leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .drop,
          limitConfiguration: decoderLimits))
      let gate = UpgradeGate(
        headTimeout: limits.headTimeout, drain: limits.requests.drain, admits: admitsWebSocket)
      let upgrade = NIOTypedHTTPServerUpgradeHandler<Negotiated>(
        httpEncoder: encoder, extraHTTPHandlers: [decoder, gate],
        upgradeConfiguration: .init(upgraders: [webSocketUpgrader]) { channel in
          channel.eventLoop.makeCompletedFuture { .http(try addHTTP(to: channel, logger: logger)) }
        })
      try channel.pipeline.syncOperations.addHandlers([encoder, decoder, gate, upgrade])
      return Value(channel: channel, negotiated: upgrade.upgradeResultFuture)
    }
  }

  func handle(value: Value, logger: Logger) async {
    do {
      switch try await value.negotiated.get() {
      case .http(let channel):
        await handleHTTP(asyncChannel: channel, logger: logger)
      case .webSocket(let channel):
        try await channel.executeThenClose { inbound, outbound in
          try await serveWebSocket(inbound, outbound, channel.channel)
        }
      }
    } catch {
      // The client went away, before its first request or in the middle of a frame.
      logger.trace("a connection ended", metadata: ["error": .string(String(describing: error))])
    }
  }

  private func addHTTP(
    to channel: any Channel, logger: Logger
  ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
    try pipeline.addHandler(RequestGuard(limits: limits.requests))
    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idleTimeout, logger: logger))
    return try NIOAsyncChannel(
      wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
  }

  private var webSocketUpgrader: NIOTypedWebSocketServerUpgrader<Negotiated> {
    NIOTypedWebSocketServerUpgrader<Negotiated>(
      maxFrameSize: limits.frameBytes,
      // The gate has let through only what is to be upgraded.
      shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
      upgradePipelineHandler: { channel, _ in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(WebSocketFarewell())
          return .webSocket(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
        }
      })
  }
}
