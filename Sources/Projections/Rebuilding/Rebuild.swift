// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Logging
public import Postgres

/// Makes a projection's tables anew beside the live ones, compares them, and switches.
///
/// 1. New, empty tables from the blueprint, in the schema `<name>_next`.
/// 2. The log is folded into them from its beginning, while the live tables are read and written as ever.
/// 3. Under the lock on the checkpoint, which makes the runners wait: the last events, the comparison, the switch, as one transaction.
///    The old tables remain as `<name>_previous` until the next rebuild.
/// 4. `system.projectionRebuilt` is appended.
///
/// A rebuild that fails or is cancelled leaves everything as it was. The live tables, or their schema, may be gone.
public enum Rebuild {
  /// Wanted events of one transaction; a multiple of what a runner takes, because nobody waits for each.
  static let batchSize = 5000

  /// - Parameters:
  ///   - pool: lends one connection for the whole rebuild, besides what `log` needs.
  ///   - progress: called after each batch.
  /// - Throws: ``RebuildError``, ``PostgresError``, or what the projection throws at an event.
  public static func run(
    _ projection: any Projection, pool: PostgresPool, log: any EventLog,
    logger: Logger = Logger(label: "onefold.rebuild"),
    progress: @Sendable (RebuildProgress) -> Void = { _ in }
  ) async throws -> RebuildReport {
    let report = try await pool.withConnection { connection in
      try await connection.withRebuildLock(projection.name) {
        try await Run(projection: projection, connection: connection, log: log, logger: logger).run(progress)
      }
    }
    let event = ProjectionRebuilt(
      projection: report.projection, position: report.position.rawValue, rows: report.rows, digest: report.digest)
    _ = try await log.append(
      to: StreamName(category: "system", id: "projections"), expected: .any, [try NewEvent(event)])
    return report
  }
}

extension PostgresConnection {
  /// Held by the session, not by a transaction: a rebuild has many, and when its process dies the lock goes with the connection.
  fileprivate nonisolated func withRebuildLock<Output>(
    _ projection: String, _ body: () async throws -> Output
  ) async throws -> Output {
    let key = "onefold.rebuild.\(projection)"
    let isFree = try await query("SELECT pg_try_advisory_lock(hashtextextended(\(key), 0))").first?.decode(
      0, as: Bool.self)
    guard isFree == true else { throw RebuildError.alreadyRunning(projection: projection) }
    let result: Result<Output, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    do {
      _ = try await query("SELECT pg_advisory_unlock(hashtextextended(\(key), 0))")
    } catch {
      // A lock that cannot be given back goes with its session.
      await close()
    }
    return try result.get()
  }
}
