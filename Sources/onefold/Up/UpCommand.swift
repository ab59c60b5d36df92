// SPDX-License-Identifier: Apache-2.0

import Accounts
import ArgumentParser
import Foundation
import Logging
import Server
import ServiceLifecycle

/// `onefold up`: everything on this machine, with nothing configured.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Run everything on this machine: server, jobs, and a private Postgres and Redis.",
    discussion: """
      The first start creates an administrator and prints how to sign in, once. Ctrl-C stops everything cleanly;
      starting again goes on where it was.

      EXAMPLES
        onefold up
        onefold up --data-dir /srv/onefold --host 0.0.0.0 --port 80
        ONEFOLD_ADMIN_PASSWORD=… onefold up --admin-email ada@example.org
        DATABASE_URL=postgresql://onefold@db/onefold onefold up     (your own Postgres, private Redis)
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var serve: ServeOptions
  @OptionGroup var work: WorkOptions
  @OptionGroup var project: ProjectOptions
  @OptionGroup var seals: SealOptions
  @Option(name: .setting(.adminEmail), help: .setting(.adminEmail, value: "email"))
  var adminEmail: String?

  func run() async throws {
    var settings = try await common.settings(
      serve.flags + work.flags + project.flags + seals.flags + [(.adminEmail, adminEmail)])
    let telemetry = try ProcessTelemetry.start(settings, role: "up")
    let logger = telemetry.logger
    let directory = try DataDirectory(claiming: settings.dataDirectory)
    if settings.tokenSecret == nil { settings.tokenSecret = try directory.secret("token") }
    if settings.sealKeyFile == nil { _ = try directory.secret(DataDirectory.sealKeyName) }
    settings.sealsFile = settings.sealsFile ?? directory.url.appending(path: "seals.ndjson").path
    if settings.keySecret == nil { settings.keySecret = try directory.secret(DataDirectory.keySecret) }
    let servers = try await PrivateServers.start(settings, in: directory, logger: logger)
    let services: [any Service]
    do {
      try servers.places.write(to: directory.url)
      settings.databaseURL = servers.places.databaseURL
      settings.redisURL = servers.places.redisURL
      let connections = try Connections(settings, logger: logger)
      try await connections.keys.check()
      let server = try await ServerRole(settings, connections: connections, metrics: telemetry.metrics)
      try await createAdmin(settings, server)
      let address = Self.shown(settings.host)
      services =
        telemetry.services + servers.services + connections.services + connections.projections(settings)
        + connections.relay(settings) + connections.workers(settings, blobs: server.blobs)
        + (try connections.sealer(settings))
        + (try server.services { port in
          Terminal.writeError("Onefold is at http://\(address):\(port)\n")
        })
    } catch {
      await servers.stop()
      throw error
    }
    try await RoleRunner.run(services, logger: logger)
    ServicePlaces.remove(from: directory.url)
    // The lock is the directory object's: hold it to here.
    withExtendedLifetime(directory) {}
  }

  /// Prints at once: a password that was made and not shown would be lost if the start failed further on.
  private func createAdmin(_ settings: Settings, _ server: ServerRole) async throws {
    let password = settings.adminPassword ?? Secret.random(bytes: 15)
    guard try await server.ensureAdmin(password: password) else { return }
    let shown = settings.adminPassword == nil ? "\(password)   (shown this once)" : "the one in ONEFOLD_ADMIN_PASSWORD"
    Terminal.writeError(
      "\nAn administrator was created. Sign in with\n\n  email:     \(settings.adminEmail)\n  password:  \(shown)\n\n")
  }

  /// What a person on this machine types.
  private static func shown(_ host: String) -> String {
    ["127.0.0.1", "0.0.0.0", "::", "::1"].contains(host) ? "localhost" : host
  }
}
