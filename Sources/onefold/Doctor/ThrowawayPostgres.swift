// SPDX-License-Identifier: Apache-2.0

import Foundation
import LocalServices
import Logging
import Synchronization

/// A private, durable Postgres in a temporary directory.
final class ThrowawayPostgres: Sendable {
  private let server: LocalPostgres
  /// Its own, and that of its socket, which may be elsewhere.
  private let directories: [URL]
  private let child: Mutex<ChildProcess>

  private init(_ server: LocalPostgres, _ directories: [URL], _ child: ChildProcess) {
    self.server = server
    self.directories = directories
    self.child = Mutex(child)
  }

  static func start(connections: Int, logger: Logger) async throws -> ThrowawayPostgres {
    let directory = FileManager.default.temporaryDirectory.appending(path: "onefold-doctor-\(getpid())")
    do {
      let home = try ServiceHome(dataDirectory: directory)
      let server = LocalPostgres(
        home: home, settings: ["max_connections": "\(connections)", "log_min_duration_statement": "-1"], logger: logger)
      return ThrowawayPostgres(server, [directory, home.sockets], try await server.start())
    } catch {
      try? FileManager.default.removeItem(at: directory)
      throw error
    }
  }

  var url: String { server.url(database: "postgres") }

  /// Without a warning: every session is cut, and what was committed has to come back from the write-ahead log.
  func restart() async throws {
    await child.withLock { $0 }.stop(gentle: SIGQUIT, firm: SIGKILL, patience: .seconds(30))
    let fresh = try await server.start()
    child.withLock { $0 = fresh }
  }

  func remove() async {
    await server.stop(child.withLock { $0 })
    for directory in directories { try? FileManager.default.removeItem(at: directory) }
  }
}
