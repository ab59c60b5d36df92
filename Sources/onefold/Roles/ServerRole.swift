// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Foundation
import Logging
import Parsing
import Postgres
import Projections
import Redis
import Server
import ServiceLifecycle
import Telemetry

/// What serves users: accounts, the ledger of files, blobs, HTTP.
struct ServerRole: Sendable {
  let settings: Settings
  let connections: Connections
  let blobs: any ExaminedBlobStore
  private let directory: AccountDirectory
  private let erasures: Erasures
  private let dependencies: ServerDependencies

  init(_ settings: Settings, connections: Connections, metrics: PrometheusRegistry) async throws {
    self.settings = settings
    self.connections = connections
    guard let secret = settings.tokenSecret else {
      throw CommandError(
        "Access tokens need a secret that all servers share: set ONEFOLD_TOKEN_SECRET (openssl rand -hex 32).")
    }
    let (pool, log) = (connections.pool, connections.log)
    blobs = try await settings.openBlobs(connections)
    metrics.watchDisk(of: settings.blobsDirectory.path)
    let tokens = try await Tokens(
      TokenConfiguration(
        secret: Array(secret.utf8), previousSecret: settings.previousTokenSecret.map { Array($0.utf8) }))
    let passwords = try Passwords()
    directory = AccountDirectory(
      pool: pool, log: log, passwords: passwords, defaultQuotaBytes: settings.defaultQuotaBytes)
    let sessions = Sessions(pool: pool, log: log, passwords: passwords, tokens: tokens)
    let ledger = FileLedger(log: log, index: ProjectionFileIndex(pool: pool))
    let eraser = connections.eraser(ledger, connections.reclaimer(settings, blobs: blobs))
    erasures = Erasures(eraser: eraser, logger: connections.logger)
    dependencies = ServerDependencies(
      pool: pool, redis: connections.redis, log: log, blobs: blobs,
      parser: Parser(logger: connections.logger),
      ledger: ledger, accounts: directory, sessions: sessions, eraser: eraser, tokens: tokens,
      positions: connections.positions,
      readiness: try connections.readiness(settings), metrics: metrics)
  }

  /// Creates the first administrator. Several servers may try at once.
  ///
  /// - Returns: whether this one did.
  @discardableResult
  func ensureAdmin(password: String) async throws -> Bool {
    do {
      return try await directory.ensureAdmin(email: settings.adminEmail, password: password)
    } catch AccountError.emailTaken {
      return false
    }
  }

  /// - Parameter onRunning: called with the port once connections are taken.
  func services(onRunning: @escaping @Sendable (Int) async -> Void) throws -> [any Service] {
    var configuration = ServerConfiguration(host: settings.host, port: settings.port)
    configuration.dashboardDirectory = settings.dashboardDirectory
    configuration.registrationIsOpen = settings.registrationIsOpen
    configuration.maxUploadBytes = settings.maxUploadBytes
    configuration.answerRetention = settings.answerRetention
    configuration.allowedOrigins = settings.allowedOrigins
    configuration.isBehindTLS = settings.isBehindTLS
    configuration.trustsForwardedFor = settings.trustsForwardedFor
    configuration.rollbackWindow = settings.rollbackWindow
    let application = try ServerApplication(
      configuration, dependencies, onRunning: onRunning, logger: connections.logger)
    return [erasures] + application.services
  }
}

extension Connections {
  /// Postgres answers and its schema is this program's; Redis answers; read tables are not far behind the log.
  func readiness(_ settings: Settings) throws -> Readiness {
    let migrations = try Migrations.load(from: settings.migrationsDirectory)
    return Readiness(
      [
        (
          "postgres",
          { [pool] in
            let pending = try await pool.withConnection {
              try await Migrations.pending(migrations, on: $0, mayBeNewer: true)
            }
            guard pending.isEmpty else {
              throw CommandError("Migrations are missing: \(pending.joined(separator: ", ")). Run `onefold migrate`.")
            }
          }
        ),
        ("personal keys", { [keys] in try await keys.check() }),
        ("redis", { [redis] in _ = try await redis.command(["PING"]) }),
        ("read tables", { [pool] in try await ReadTableLag.check(pool, limit: settings.readyLag) }),
      ], logger: logger)
  }
}
