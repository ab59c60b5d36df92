// SPDX-License-Identifier: Apache-2.0

import Foundation
import LocalServices
import Logging
import Postgres
import ServiceLifecycle

/// The private Postgres and Redis of a data directory, started, migrated and ready.
struct PrivateServers: Sendable {
  let services: [any Service]
  let places: ServicePlaces
  private let stopAll: @Sendable () async -> Void

  /// Starts what the settings do not name elsewhere, and brings the schema up to date.
  ///
  /// - Parameter migrates: false leaves a new database empty, for a restore.
  static func start(
    _ settings: Settings, in directory: DataDirectory, migrates: Bool = true, logger: Logger
  ) async throws -> PrivateServers {
    let home = try ServiceHome(dataDirectory: directory.url)
    let postgres = LocalPostgres(home: home, logger: logger)
    let redis = LocalRedis(home: home, logger: logger)
    let database = SupervisedService(postgres, logger: logger)
    let transport = SupervisedService(redis, logger: logger)
    var services: [any Service] = []
    let stopAll: @Sendable () async -> Void = {
      await transport.stop()
      await database.stop()
    }
    do {
      if settings.databaseURL == nil {
        try await database.start()
        services.append(database)
        try await createDatabase(postgres, logger: logger)
      }
      if settings.redisURL == nil {
        try await transport.start()
        services.append(transport)
      }
      let owner = settings.databaseOwnerURL ?? postgres.url(database: databaseName)
      // The private cluster trusts whoever may enter its socket's directory, so its role needs no password.
      if migrates {
        _ = try await MigrateCommand.migrate(
          url: owner, settings: settings, password: settings.databaseURL == nil ? "" : nil, logger: logger)
      }
      let places = ServicePlaces(
        databaseURL: settings.databaseURL ?? postgres.url(user: ApplicationRole.name, database: databaseName),
        databaseOwnerURL: owner, redisURL: settings.redisURL ?? redis.url)
      return PrivateServers(services: services, places: places, stopAll: stopAll)
    } catch {
      await stopAll()
      throw error
    }
  }

  /// For when something fails between the start and ``RoleRunner/run(_:logger:)``.
  func stop() async { await stopAll() }

  private static let databaseName = "onefold"

  private static func createDatabase(_ server: LocalPostgres, logger: Logger) async throws {
    let configuration = PostgresConfiguration(url: server.url(database: "postgres"))
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<Void, any Error>
    do {
      let known = try await connection.query("SELECT 1 FROM pg_database WHERE datname = \(databaseName)")
      if known.isEmpty { try await connection.script("CREATE DATABASE onefold") }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await connection.close()
    try result.get()
  }
}
