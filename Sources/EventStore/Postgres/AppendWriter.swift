// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres

/// Commits batches of appends, and stays with each batch until its outcome is known.
///
/// A batch whose writers name their versions is one statement. When that is objected to, or cannot be said, the batch is decided append
/// by append under the head's lock. A commit whose answer was lost is decided the same way: event ids tell what has gone in.
struct AppendWriter: Sendable {
  /// For a connection of its own: appends never wait for a reader to give one back.
  let configuration: PostgresConfiguration
  let logger: Logger
  /// Told the head after each commit.
  let committed: @Sendable (Position) -> Void

  /// Tries again after the first this many failures that may pass, about five seconds in all: a restart of the server.
  private static let retryLimit = 8

  /// A batch under way.
  private struct Attempt: Sendable {
    let entries: [GroupCommit.Entry]
    /// The short way is closed: it was objected to, or the batch may be in the log already.
    var mustDecide = false
    var failures = 0
    /// The first failure that left it open whether the batch went in.
    var unknown: PostgresError?

    var batch: [[StreamAppend]] { entries.map(\.appends) }

    func finish(_ outcomes: [Result<AppendResult, any Error>]) {
      for (entry, outcome) in zip(entries, outcomes) { entry.waiter.resume(with: outcome) }
    }

    func fail(_ error: any Error) {
      for entry in entries { entry.waiter.resume(throwing: error) }
    }
  }

  /// Commits batches until there are none to come.
  func drain(_ group: GroupCommit) async {
    var attempts: [Attempt] = []
    while true {
      if attempts.isEmpty {
        guard let entries = await group.nextBatch() else { return }
        attempts = [Attempt(entries: entries)]
      }
      do {
        let connection = try await connect()
        guard let rest = await drain(group, beginningWith: attempts, on: connection) else { return }
        attempts = rest
      } catch {
        attempts += await afterFailure(error, of: attempts.removeLast(), wasSent: false)
      }
    }
  }

  private func connect() async throws -> PostgresConnection {
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    // One plan for all sizes of batches: planning anew takes as long as the commit. It must not be the plan that suits a small table.
    try await connection.script("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off")
    return connection
  }

  /// Commits one batch after the other on the connection's own thread, with no change of threads between them: an append costs two, one to
  /// come here and one to go back. Returns what is left when the connection is lost; nil when no batch is to come.
  private func drain(
    _ group: GroupCommit, beginningWith first: [Attempt], on connection: isolated PostgresConnection
  ) async -> [Attempt]? {
    var attempts = first
    var committedCount = 0
    while connection.isUsable {
      if attempts.isEmpty {
        guard let entries = await group.nextBatch(following: committedCount) else { return nil }
        attempts = [Attempt(entries: entries)]
      }
      let attempt = attempts.removeLast()
      do {
        let start = ContinuousClock.now
        let outcomes = try await commit(attempt, on: connection)
        LogMetrics.appended(attempt.entries.count, in: start.duration(to: .now))
        attempt.finish(outcomes)
        committedCount = attempt.entries.count
      } catch {
        attempts += await afterFailure(error, of: attempt, wasSent: true)
      }
    }
    return attempts
  }

  private func commit(
    _ attempt: Attempt, on connection: isolated PostgresConnection
  ) async throws -> [Result<AppendResult, any Error>] {
    if !attempt.mustDecide, let batch = OptimisticBatch(attempt.batch),
      let (head, time) = try await insert(batch, on: connection)
    {
      committed(head)
      return batch.results(head: head, recordedAt: time).map { .success($0) }
    }
    let plan = try await connection.transaction { connection in
      try await PostgresEventLog.decide(attempt.batch, on: connection)
    }
    if !plan.rows.isEmpty { committed(plan.head) }
    return plan.outcomes.map { $0.mapError { $0 } }
  }

  /// The new head and its time; nil when the log objected, and nothing was done.
  private func insert(
    _ batch: OptimisticBatch, on connection: isolated PostgresConnection
  ) async throws(PostgresError) -> (Position, Date)? {
    typealias Statements = PostgresEventLog.Statements
    do throws(PostgresError) {
      let rows = try await connection.query(
        batch.rows.count == 1
          ? Statements.append(batch.rows[0])
          : Statements.append(EventColumns(batch.rows), predecessors: batch.predecessors))
      return try rows.first.map { (row) throws(PostgresError) in (Position(try row.decode(0)), try row.decode(1)) }
    } catch {
      // Somebody was faster, or this is a repetition: to be decided append by append.
      guard error.isUniqueViolation else { throw error }
      return nil
    }
  }

  /// What remains to be tried; nothing when the batch has been told of its failure.
  private func afterFailure(_ error: any Error, of failed: Attempt, wasSent: Bool) async -> [Attempt] {
    var attempt = failed
    guard let error = error as? PostgresError else {
      attempt.fail(error)
      return []
    }
    attempt.mustDecide = true
    attempt.failures += 1
    let isUnknown = wasSent && (error.code == .connection || error.code == .commitUnknown)
    if isUnknown, attempt.unknown == nil { attempt.unknown = error }
    if isUnknown || error.isTransient, attempt.failures <= Self.retryLimit {
      logger.debug("An append is tried again", metadata: ["error": "\(error)", "failures": "\(attempt.failures)"])
      // This task is never cancelled.
      try? await Task.sleep(for: .milliseconds(20 << attempt.failures))
      return [attempt]
    }
    // One append that the database cannot take (a payload that is no JSON, say) must not fail the others.
    if error.isAboutData, attempt.entries.count > 1 {
      return attempt.entries.reversed().map { entry in
        var single = Attempt(entries: [entry])
        single.mustDecide = true
        return single
      }
    }
    attempt.fail(
      attempt.unknown.map { unknown in
        var unknown = unknown
        unknown.code = .commitUnknown
        return unknown
      } ?? error)
    return []
  }
}

extension PostgresError {
  /// A data exception or a constraint: the values are to blame.
  fileprivate var isAboutData: Bool {
    sqlState.map { ["22", "23"].contains($0.prefix(2)) } ?? false
  }
}
