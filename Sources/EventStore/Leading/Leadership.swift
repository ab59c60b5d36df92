// SPDX-License-Identifier: Apache-2.0

import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// One of any number of processes leads; when it goes, another follows.
///
/// The lead is an advisory lock of a session of its own, so it ends with the session, however that ends.
final class Leadership: Sendable {
  /// Names of locks among the advisory locks of the database, in ASCII.
  enum Lock: Int64 {
    case relay = 0x72_656c_6179
    case seals = 0x73_6561_6c73
  }

  /// Between two tries for the lock, and before beginning again.
  static let pause: Duration = .seconds(1)

  private let lock: Lock
  private let configuration: PostgresConfiguration
  private let logger: Logger
  private let leads = Atomic(false)

  /// - Parameter name: as people see it: `relay`.
  init(_ lock: Lock, name: String, pool: PostgresPool, logger: Logger) {
    self.lock = lock
    var configuration = pool.configuration
    configuration.applicationName = "onefold-\(name)"
    self.configuration = configuration
    self.logger = logger
  }

  var isHeld: Bool { leads.load(ordering: .relaxed) }

  /// Until graceful shutdown: waits for the lead, runs `body`, and begins again when it throws.
  ///
  /// - Parameter body: given the session that holds the lock. To know that it still leads it must use it.
  func run(_ body: @escaping @Sendable (PostgresConnection) async throws -> Void) async {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await self.lead(body)
        } catch  where !Task.isCancelled {
          self.logger.warning("Leading ended and is tried again", metadata: ["error": "\(error)"])
          try? await Task.sleep(for: Self.pause)
        } catch {}
      }
    }
  }

  private func lead(_ body: (PostgresConnection) async throws -> Void) async throws {
    let session = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<Void, any Error>
    do {
      // Asked again and again, because a session that waits inside pg_advisory_lock keeps a snapshot, and Postgres could not clean up
      // after the appends for as long as it waits.
      while !(try await take(on: session)) { try await Task.sleep(for: Self.pause) }
      leads.store(true, ordering: .relaxed)
      logger.info("This process leads", metadata: ["part": "\(configuration.applicationName)"])
      result = .success(try await body(session))
    } catch {
      result = .failure(error)
    }
    leads.store(false, ordering: .relaxed)
    await session.close()
    try result.get()
  }

  private func take(on session: PostgresConnection) async throws -> Bool {
    let rows = try await session.query("SELECT pg_try_advisory_lock(\(lock.rawValue))")
    return try rows.first?.decode(0, as: Bool.self) ?? false
  }
}
