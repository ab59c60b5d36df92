// SPDX-License-Identifier: Apache-2.0

import Accounts
import Logging

/// Makes a ``LiveConnection`` of each WebSocket.
struct LiveEndpoint: Sendable {
  let feed: LiveFeed
  let tokens: Tokens
  let controller: LiveController
  var limits = LiveConnection.Limits()
  let logger: Logger

  var webSockets: HTTPService.WebSockets {
    HTTPService.WebSockets(
      admits: controller.admits,
      serve: { inbound, outbound, channel in
        let connection = LiveConnection(
          feed: feed, verify: { try await tokens.verify($0) }, limits: limits, outbound: outbound, channel: channel,
          logger: logger)
        await connection.run(inbound)
      })
  }
}
