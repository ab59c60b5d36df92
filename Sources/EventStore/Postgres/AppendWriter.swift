// SPDX-License-Identifier: Apache-2.0

import Foundation
import Logging
import Postgres

/// Commits batches of appends, and stays with each batch until its outcome is known.
///
/// A batch whose writers name their versions is one statement. When that is objected to, or cannot be said, the batch is decided append
/// by append under the head's lock. A commit whose answer was lost is decided the same way: event ids tell what has gone in.
struct AppendWriter: Sendable {
  let pool: PostgresPool
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

  /// Where a connection failed.
  private struct Interruption: Sendable {
    let attempt: Attempt
    let error: any Error
    /// What was to come after it.
    let rest: [Attempt]
  }

  /// Commits batches until there are none.
  func drain(_ group: GroupCommit) async {
    var attempts: [Attempt] = []
    while true {
      if attempts.isEmpty {
        guard let entries = group.takeBatch() else { return }
        attempts = [Attempt(entries: entries)]
      }
      do {
        let interruption = try await pool.withConnection { connection in
          await drain(group, beginningWith: attempts, on: connection)
        }
        guard let interruption else { return }
        attempts = interruption.rest
        attempts += await afterFailure(interruption.error, of: interruption.attempt)
      } catch {
        attempts += await afterFailure(error, of: attempts.removeLast())
      }
    }
  }

  /// Commits one batch after the other on the connection's own thread, without a change of threads between them, until there are none.
  private func drain(
    _ group: GroupCommit, beginningWith first: [Attempt], on connection: isolated PostgresConnection
  ) async -> Interruption? {
    var attempts = first
    while true {
      guard let attempt = attempts.popLast() ?? group.takeBatch().map({ Attempt(entries: $0) }) else { return nil }
      do {
        let start = ContinuousClock.now
        let outcomes = try await commit(attempt, on: connection)
        LogMetrics.appended(attempt.entries.count, in: start.duration(to: .now))
        attempt.finish(outcomes)
      } catch {
        return Interruption(attempt: attempt, error: error, rest: attempts)
      }
    }
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
    do throws(PostgresError) {
      let rows = try await connection.query(
        PostgresEventLog.Statements.append(EventColumns(batch.rows), predecessors: batch.predecessors))
      return try rows.first.map { (row) throws(PostgresError) in (Position(try row.decode(0)), try row.decode(1)) }
    } catch {
      // Somebody was faster, or this is a repetition: to be decided append by append.
      guard error.isUniqueViolation else { throw error }
      return nil
    }
  }

  /// What remains to be tried; nothing when the batch has been told of its failure.
  private func afterFailure(_ error: any Error, of failed: Attempt) async -> [Attempt] {
    var attempt = failed
    guard let error = error as? PostgresError else {
      attempt.fail(error)
      return []
    }
    attempt.mustDecide = true
    attempt.failures += 1
    let isUnknown = error.code == .connection || error.code == .commitUnknown
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
