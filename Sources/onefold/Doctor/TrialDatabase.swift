// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Logging
import Postgres

/// A database for one trial, migrated and empty, and what may be done to it. It is removed afterwards.
struct TrialDatabase: Sendable {
  /// As the role under which every process works, or as the owner where that role cannot be taken.
  let application: PostgresConfiguration
  let disturbances: [FeedDisturbance]
  /// How many connections a trial's writers may have of their own; nil for as many as they like.
  let connectionLimit: Int?
  let logger: Logger
  private let removal: @Sendable () async -> Void

  /// Never throws, and never leaves anything behind that it could have removed.
  func remove() async { await removal() }

  /// On the server that the settings name, or else on a private one.
  static func make(_ settings: Settings, connections: Int, logger: Logger) async throws -> TrialDatabase {
    if let url = settings.databaseOwnerURL {
      try await beside(PostgresConfiguration(url: url, applicationName: "onefold doctor"), settings, logger)
    } else {
      try await privately(settings, connections: connections, logger)
    }
  }

  private static func privately(
    _ settings: Settings, connections: Int, _ logger: Logger
  ) async throws -> TrialDatabase {
    let server = try await ThrowawayPostgres.start(connections: connections + 60, logger: logger)
    do {
      let owner = PostgresConfiguration(url: server.url)
      _ = try await MigrateCommand.migrate(url: server.url, settings: settings, password: nil, logger: logger)
      var application = owner
      application.role = ApplicationRole.name
      return TrialDatabase(
        application: application,
        disturbances: [
          .killingSessions(of: owner, times: 20, logger: logger), .restarting(times: 3) { try await server.restart() },
        ],
        connectionLimit: nil, logger: logger, removal: { await server.remove() })
    } catch {
      await server.remove()
      throw error
    }
  }

  /// A server that is somebody's: nothing is restarted there, and few connections are taken.
  private static func beside(
    _ theirs: PostgresConfiguration, _ settings: Settings, _ logger: Logger
  ) async throws -> TrialDatabase {
    let name = "onefold_doctor_\(String(UInt32.random(in: 0...UInt32.max), radix: 36))"
    let administrator = try await PostgresConnection.connect(theirs, logger: logger)
    do {
      try await mayCreateDatabases(administrator)
      logger.notice("Making a database for the trial; yours is not touched", metadata: ["database": "\(name)"])
      // CREATE DATABASE takes no parameters; the name is made here, of letters, digits and underscores.
      try await administrator.script("CREATE DATABASE \(name) TEMPLATE template0")
    } catch {
      await administrator.close()
      throw error
    }
    let removal: @Sendable () async -> Void = {
      do {
        try await administrator.script("DROP DATABASE \(name) WITH (FORCE)")
      } catch {
        logger.error(
          "The trial's database could not be dropped: do so by hand",
          metadata: ["database": "\(name)", "error": "\(error)"])
      }
      await administrator.close()
    }
    do {
      let owner = theirs.onDatabase(name)
      _ = try await MigrateCommand.migrate(url: owner.url, settings: settings, password: nil, logger: logger)
      var application = owner
      if try await mayTakeApplicationRole(administrator) { application.role = ApplicationRole.name }
      return TrialDatabase(
        application: application, disturbances: [.killingSessions(of: owner, times: 20, logger: logger)],
        connectionLimit: 16, logger: logger, removal: removal)
    } catch {
      await removal()
      throw error
    }
  }

  private static func mayCreateDatabases(_ connection: PostgresConnection) async throws {
    let rows = try await connection.query(
      "SELECT rolcreatedb OR rolsuper, rolname::text FROM pg_roles WHERE rolname = current_user")
    guard let (may, role) = try rows.decode((Bool, String).self).first, !may else { return }
    throw CommandError(
      """
      The trial needs a database of its own on that server, because events cannot be removed from a log, and the role \(role) may \
      not create one. Either allow it (ALTER ROLE \(role) CREATEDB), or set DATABASE_OWNER_URL to a role that may, or leave \
      DATABASE_URL out to run on a private server.
      """)
  }

  private static func mayTakeApplicationRole(_ connection: PostgresConnection) async throws -> Bool {
    try await connection.query("SELECT pg_has_role(\(ApplicationRole.name), 'MEMBER')")[0].decode(0)
  }
}
