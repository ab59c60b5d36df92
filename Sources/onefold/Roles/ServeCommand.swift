// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging

/// `onefold serve`: HTTP, WebSocket and dashboard.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve the API, the WebSocket and the dashboard. Start any number behind a proxy.",
    discussion: """
      With ONEFOLD_ADMIN_PASSWORD set, an administrator (ONEFOLD_ADMIN_EMAIL) is created if there is none yet.

      EXAMPLES
        DATABASE_URL=… REDIS_URL=… ONEFOLD_TOKEN_SECRET=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold serve --host 0.0.0.0
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var serve: ServeOptions
  @OptionGroup var operations: OperationsOptions

  func run() async throws {
    let role = try await Role("serve", common.settings(serve.flags + operations.flags))
    let server = try await ServerRole(role.settings, connections: role.connections, metrics: role.metrics)
    // With `up` someone is there to read a password that was made; here it must have been given.
    if let password = role.settings.adminPassword { try await server.ensureAdmin(password: password) }
    try await role.run(
      try server.services { port in
        role.logger.notice("Serving", metadata: ["host": "\(role.settings.host)", "port": "\(port)"])
      })
  }
}
