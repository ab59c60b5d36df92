// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging
import Postgres

/// `onefold migrate`: brings the database's schema up to date.
struct MigrateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's schema up to date.",
    discussion: """
      Applies what is missing, each migration in a transaction of its own, under a lock: any number of processes may try at once.
      Needs the owner of the schema (DATABASE_OWNER_URL, or DATABASE_URL). With ONEFOLD_APP_DB_PASSWORD set, the role
      onefold_app, under which all other processes work, may sign in with that password.

      EXAMPLES
        DATABASE_URL=postgresql://onefold@db/onefold onefold migrate
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings()
    let logger = settings.startLogging()
    guard let url = settings.databaseOwnerURL else {
      throw CommandError("Which database? Set DATABASE_OWNER_URL or DATABASE_URL.")
    }
    let applied = try await Self.migrate(
      url: url, settings: settings, password: ProcessInfo.processInfo.environment["ONEFOLD_APP_DB_PASSWORD"],
      logger: logger)
    Terminal.write(applied.isEmpty ? "Up to date." : "Applied:\n" + applied.map { "  \($0)" }.joined(separator: "\n"))
  }

  /// - Parameter password: nil leaves the application's role as it is.
  static func migrate(url: String, settings: Settings, password: String?, logger: Logger) async throws -> [String] {
    // A migration may take as long as it takes.
    let configuration = PostgresConfiguration(url: url, applicationName: "onefold migrate", statementTimeout: nil)
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<[String], any Error>
    do {
      let migrations = try Migrations.load(from: settings.migrationsDirectory)
      let applied = try await Migrations.apply(migrations, on: connection, logger: logger)
      if let password { try await ApplicationRole.allowSignIn(password: password, on: connection) }
      result = .success(applied)
    } catch {
      result = .failure(error)
    }
    await connection.close()
    return try result.get()
  }
}
