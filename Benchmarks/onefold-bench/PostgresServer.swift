// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import LocalServices
import Logging
import Postgres

/// A private Postgres with the log's tables, for as long as standard input stays open. Prints its URL when it is ready.
struct PostgresServer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "postgres", abstract: "Run a private, durable Postgres until standard input ends.")

  @Option(help: "Where the cluster is kept.") var dataDir: String
  @Option(help: "The directory of migrations.") var migrations = "migrations"

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let home = try ServiceHome(dataDirectory: URL(filePath: dataDir))
    // The defaults of `onefold up`: fsync and synchronous_commit are on.
    let server = LocalPostgres(home: home, logger: logger)
    let child = try await server.start()
    do {
      let url = server.url(database: "postgres")
      let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url), logger: logger)
      _ = try await Migrations.apply(Migrations.load(from: URL(filePath: migrations)), on: connection, logger: logger)
      await connection.close()
      // Not print, which would keep the line until the process ends.
      try FileHandle.standardOutput.write(contentsOf: Data("\(url)\n".utf8))
      while readLine() != nil {}
    } catch {
      await server.stop(child)
      throw error
    }
    await server.stop(child)
  }
}
