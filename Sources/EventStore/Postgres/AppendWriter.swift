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
    /// Made before its turn, when there was time.
    var statement: Statement?

    var batch: [[StreamAppend]] { entries.map(\.appends) }

    func finish(_ outcomes: [Result<AppendResult, any Error>]) {
      for (entry, outcome) in zip(entries, outcomes) { entry.waiter.resume(with: outcome) }
    }

    func fail(_ error: any Error) {
      for entry in entries { entry.waiter.resume(throwing: error) }
    }
  }

  /// A batch as one statement.
  private struct Statement: Sendable {
    let batch: OptimisticBatch
    let query: Query

    /// Nil when the batch must be decided append by append.
    init?(_ appends: [[StreamAppend]]) {
      guard let batch = OptimisticBatch(appends) else { return nil }
      self.batch = batch
      query =
        batch.rows.count == 1
        ? PostgresEventLog.Statements.append(batch.rows[0])
        : PostgresEventLog.Statements.append(EventColumns(batch.rows), predecessors: batch.predecessors)
    }
  }

  /// What became of a batch.
  private struct Commit {
    let outcomes: [Result<AppendResult, any Error>]
    /// Nil when nothing was appended.
    let head: Position?
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
  ///
  /// In a crowd the server never waits for us: while it works on a batch, the writers of the last one are told, and their next appends
  /// become the next statement.
  private func drain(
    _ group: GroupCommit, beginningWith first: [Attempt], on connection: isolated PostgresConnection
  ) async -> [Attempt]? {
    var attempts = first
    var ahead: Attempt?
    var untold: (attempt: Attempt, commit: Commit, duration: Duration)?
    func tell() -> Int {
      guard let (attempt, commit, duration) = untold.take() else { return 0 }
      attempt.finish(commit.outcomes)
      if let head = commit.head { committed(head) }
      LogMetrics.appended(attempt.entries.count, in: duration)
      return attempt.entries.count
    }
    func prepare() {
      let count = tell()
      guard ahead == nil, let crowd = group.nextCrowd(following: count) else { return }
      ahead = Attempt(entries: crowd, statement: Statement(crowd.map(\.appends)))
    }
    while connection.isUsable {
      if attempts.isEmpty, let next = ahead.take() { attempts = [next] }
      if attempts.isEmpty, untold != nil, let crowd = group.nextCrowd() { attempts = [Attempt(entries: crowd)] }
      if attempts.isEmpty {
        guard let entries = await group.nextBatch(following: tell()) else { return nil }
        attempts = [Attempt(entries: entries)]
      }
      var attempt = attempts.removeLast()
      attempt.statement = attempt.mustDecide ? nil : attempt.statement ?? Statement(attempt.batch)
      // Deciding has steps, between which nothing is under way.
      if attempt.statement == nil { _ = tell() }
      do {
        let start = ContinuousClock.now
        let commit = try await commit(attempt, on: connection, meanwhile: prepare)
        untold = (attempt, commit, start.duration(to: .now))
      } catch {
        _ = tell()
        attempts += await afterFailure(error, of: attempt, wasSent: true)
      }
    }
    _ = tell()
    return (ahead.map { [$0] } ?? []) + attempts
  }

  /// - Parameter meanwhile: runs while the server is at work on a statement.
  private func commit(
    _ attempt: Attempt, on connection: isolated PostgresConnection, meanwhile: () -> Void
  ) async throws -> Commit {
    if let statement = attempt.statement,
      let (head, time) = try await insert(statement, on: connection, meanwhile: meanwhile)
    {
      let results = statement.batch.results(head: head, recordedAt: time)
      return Commit(outcomes: results.map { .success($0) }, head: head)
    }
    let plan = try await connection.transaction { connection in
      try await PostgresEventLog.decide(attempt.batch, on: connection)
    }
    return Commit(outcomes: plan.outcomes.map { $0.mapError { $0 } }, head: plan.rows.isEmpty ? nil : plan.head)
  }

  /// The new head and its time; nil when the log objected, and nothing was done.
  private func insert(
    _ statement: Statement, on connection: isolated PostgresConnection, meanwhile: () -> Void
  ) async throws(PostgresError) -> (Position, Date)? {
    do throws(PostgresError) {
      let rows = try await connection.query(statement.query, meanwhile: meanwhile)
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
