// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
public import Postgres

/// Reads jobs. What is for a user takes the owner, and finds nothing of others.
public struct JobViews: Sendable {
  let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// Jobs of an owner, the newest first.
  ///
  /// - Parameters:
  ///   - state: nil for all.
  ///   - after: ``Page/next`` of the part before.
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func list(
    owner: UUID, state: JobItem.State? = nil, limit: Int = 50, after: String? = nil
  ) async throws -> Page<JobItem> {
    let cursor = try after.cursor(JobCursor.self)
    let rows = try await pool.query(Self.list(owner: owner, state: state, limit: limit + 1, after: cursor))
    return Page(try rows.map(JobItem.init), limit: limit) { JobCursor(position: $0.position) }
  }

  public func counts(owner: UUID) async throws -> JobCounts {
    try await counts(Self.counts(owner: owner))
  }

  /// Over all owners.
  public func installation() async throws -> JobCounts { try await counts(Self.installation) }

  private func counts(_ query: Query) async throws -> JobCounts {
    guard let row = try await pool.query(query).first else {
      return JobCounts(queued: 0, retrying: 0, succeeded: 0, dead: 0)
    }
    let (queued, retrying, succeeded, dead) = try row.decode((Int64, Int64, Int64, Int64).self)
    return JobCounts(queued: queued, retrying: retrying, succeeded: succeeded, dead: dead)
  }

  public func job(_ id: UUID, owner: UUID) async throws -> JobItem? {
    try await pool.query(Self.job(id, owner: owner)).first.map(JobItem.init)
  }

  /// The position of the oldest job of anybody's that is queued or waits for its next attempt.
  public func oldestOpenJob() async throws -> Position? {
    try await pool.query(Self.oldestOpenJob).first?.decode(0, as: Int64?.self).map(Position.init(_:))
  }

  /// Where a relay goes on whose streams were lost: every job queued at or before it has ended.
  ///
  /// What the projection has not folded yet may hold open jobs too, so it is never past the checkpoint.
  public func resumePosition() async throws -> Position {
    Position(try await pool.query(Self.resumePosition).first?.decode(0, as: Int64.self) ?? 0)
  }
}

struct JobCursor: ListCursor, Equatable {
  static let list = "jobs"

  var position: Position
}
