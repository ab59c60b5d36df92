// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import ServiceLifecycle

/// `onefold services`: the private Postgres and Redis alone, for running the roles as processes of their own.
struct ServicesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "services",
    abstract: "Run only the private Postgres and Redis of a data directory.",
    discussion: """
      For developing, and for running roles apart on one machine. Where they are is printed, and stands in services.json of
      the data directory.

      EXAMPLES
        onefold services --data-dir /tmp/try
        DATABASE_URL=… REDIS_URL=… onefold serve
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings()
    let logger = settings.startLogging()
    let directory = try DataDirectory(claiming: settings.dataDirectory)
    let servers = try await PrivateServers.start(settings, in: directory, logger: logger)
    do {
      try servers.places.write(to: directory.url)
    } catch {
      await servers.stop()
      throw error
    }
    Terminal.write("DATABASE_URL=\(servers.places.databaseURL)\nREDIS_URL=\(servers.places.redisURL)")
    try await RoleRunner.run(servers.services, logger: logger)
    ServicePlaces.remove(from: directory.url)
    withExtendedLifetime(directory) {}
  }
}
