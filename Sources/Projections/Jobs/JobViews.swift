// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
public import Postgres

/// Reads jobs. What is for a user takes the owner, and finds nothing of others.
public struct JobViews: Sendable {
  let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Jobs of an owner, those that were queued last first.
  ///
  /// - Parameters:
  ///   - state: nil for all.
  ///   - batch: only jobs of this upload batch.
  ///   - after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    owner: UUID, state: JobItem.State? = nil, batch: UUID? = nil, limit: Int = 50, after: String? = nil
  ) async throws -> Page<JobItem> {
    let cursor = try after.cursor(JobCursor.self)
    let query = batch.map { Self.list(owner: owner, batch: $0, state: state, limit: limit + 1, after: cursor) }
    return try page(
      await pool.query(query ?? Self.list(owner: owner, state: state, limit: limit + 1, after: cursor)), limit)
  }

  /// Jobs of everybody, those that were queued last first.
  ///
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(_ filter: JobFilter, limit: Int = 50, after: String? = nil) async throws -> Page<JobItem> {
    let cursor = try after.cursor(JobCursor.self)
    return try page(await pool.query(Self.list(filter, limit: limit + 1, after: cursor)), limit)
  }

  private func page(_ rows: PostgresRows, _ limit: Int) throws -> Page<JobItem> {
    Page(try rows.map(JobItem.init), limit: limit) { JobCursor(position: $0.queuePosition) }
  }

  /// And a position: whoever waits for it elsewhere sees all that was folded into the counts.
  public func counts(owner: UUID) async throws -> (counts: JobCounts, position: Position) {
    // In this order: the position may be of a moment later, never of one before.
    let results = try await pool.pipeline([Self.counts(owner: owner), Self.position])
    return (
      try results[0].first.map(JobCounts.init) ?? JobCounts(),
      Position(try results[1].first?.decode(0, as: Int64.self) ?? 0)
    )
  }

  /// Over all owners.
  public func installation() async throws -> JobCounts {
    try await pool.query(Self.installation).first.map(JobCounts.init) ?? JobCounts()
  }

  public func job(_ id: UUID, owner: UUID) async throws -> JobItem? {
    try await pool.query(Self.job(id, owner: owner)).first.map(JobItem.init)
  }

  /// Anybody's.
  public func job(_ id: UUID) async throws -> JobItem? {
    try await pool.query(Self.job(id)).first.map(JobItem.init)
  }

  /// Failed attempts of a job, the first one first, through everything that became of it.
  public func attempts(of job: UUID) async throws -> [JobAttempt] {
    try await pool.query(Self.attempts(of: job)).map(JobAttempt.init)
  }

  /// The position of the oldest job of anybody's that is queued or waits for its time.
  public func oldestOpenJob() async throws -> Position? {
    try await pool.query(Self.oldestOpenJob).first?.decode(0, as: Int64?.self).map(Position.init(_:))
  }

  /// Where a relay goes on whose queues were lost: every job queued at or before it has ended.
  ///
  /// What the projection has not folded yet may hold open jobs too, so it is never past the checkpoint.
  public func resumePosition() async throws -> Position {
    Position(try await pool.query(Self.resumePosition).first?.decode(0, as: Int64.self) ?? 0)
  }
}

/// Which jobs of everybody's; what is nil may be anything.
public struct JobFilter: Equatable, Sendable {
  public var owner: UUID?
  public var state: JobItem.State?
  /// Of a dead letter.
  public var fingerprint: String?

  public init(owner: UUID? = nil, state: JobItem.State? = nil, fingerprint: String? = nil) {
    self.owner = owner
    self.state = state
    self.fingerprint = fingerprint
  }
}

struct JobCursor: ListCursor, Equatable {
  static let list = "jobs"

  /// Of the event that queued the job last.
  var position: Position
}
