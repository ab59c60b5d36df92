// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
import ServiceLifecycle

/// A router on a port, with this module's connection handling in place of Hummingbird's.
struct HTTPService: Service {
  struct Address {
    var host: String
    /// 0 lets the system choose.
    var port: Int
    var maxConnections = 4096
  }

  /// What becomes of WebSockets; a router alone takes none.
  struct WebSockets: Sendable {
    var admits: @Sendable (HTTPRequestHead) -> Bool
    var serve:
      @Sendable (
        NIOAsyncChannelInboundStream<WebSocketFrame>, NIOAsyncChannelOutboundWriter<WebSocketFrame>, any Channel
      ) async -> Void

    static let none = WebSockets(admits: { _ in false }, serve: { _, _, _ in })
  }

  private let application: Application<RouterResponder<ServerContext>>

  /// - Parameter onRunning: called with the port once connections are taken.
  init(
    _ router: Router<ServerContext>, at address: Address, limits: ServerChannel.Limits = .init(),
    webSockets: WebSockets = .none, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }, logger: Logger
  ) {
    application = Application(
      router: router,
      server: HTTPServerBuilder { responder in
        ServerChannel(
          responder: responder, limits: limits, admitsWebSocket: webSockets.admits, serveWebSocket: webSockets.serve)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(address.host, port: address.port), serverName: nil, backlog: 1024,
        availableConnectionsDelegate: .maximum(address.maxConnections, logger: logger)),
      onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? address.port) },
      logger: logger)
  }

  /// Serves until graceful shutdown: requests that are under way are answered, WebSockets are told to go.
  ///
  /// - Throws: when the address cannot be bound.
  func run() async throws { try await application.run() }
}
