// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
public import Foundation
import Postgres

/// How far an owner's work is, and how long the rest may take.
extension JobViews {
  /// An owner's upload batches, the newest first.
  ///
  /// - Throws: ``InvalidCursor``, or the database's error.
  public func batches(owner: UUID, limit: Int = 50, after: String? = nil) async throws -> Page<BatchItem> {
    let cursor = try after.cursor(BatchCursor.self)
    let rows = try await pool.query(Self.batches(owner: owner, limit: limit + 1, after: cursor))
    return Page(try rows.map(BatchItem.init), limit: limit) { BatchCursor(position: $0.position) }
  }

  public func batch(_ id: UUID, owner: UUID) async throws -> BatchItem? {
    try await pool.query(Self.batch(id, owner: owner)).first.map(BatchItem.init)
  }

  /// Jobs of the owner that ended in a second, over the last five minutes or since the first of them in that time. Nil when none did: then
  /// nobody can say how long the rest takes.
  public func pace(owner: UUID) async throws -> Double? {
    guard let row = try await pool.query(Self.pace(owner: owner)).first else { return nil }
    let (ended, seconds) = try row.decode((Int64?, Double?).self)
    guard let ended, let seconds, ended > 0 else { return nil }
    return Double(ended) / max(1, seconds)
  }

  /// How many of the owner's own jobs will be begun before each of these: those of its class and kind that were queued before it. How
  /// the turns of other owners fall in between is for nobody to know.
  ///
  /// - Parameter items: of one owner, without a gap: a part of a list of all that are queued, those queued last first.
  /// - Returns: by the job's id; without jobs that are not queued, and those behind more than ``waitingLimit`` others.
  public func waiting(_ items: [JobItem]) async throws -> [UUID: Int] {
    let queued = items.filter { $0.state == .queued }
    guard let owner = queued.first?.owner else { return [:] }
    let lines = Dictionary(grouping: queued) { Line(jobClass: $0.jobClass.rawValue, kind: $0.kind.rawValue) }
    let fronts = lines.compactMap { line, items in items.last.map { (line, $0.queuePosition) } }
    var waiting: [UUID: Int] = [:]
    for row in try await pool.query(Self.waiting(owner: owner, before: fronts)) {
      let (jobClass, kind, ahead) = try row.decode((String, String, Int64).self)
      guard ahead <= Self.waitingLimit else { continue }
      for (index, item) in (lines[Line(jobClass: jobClass, kind: kind)] ?? []).reversed().enumerated() {
        waiting[item.id] = Int(ahead) + index
      }
    }
    return waiting
  }

  /// Nobody counts further.
  public static let waitingLimit = 10_000

  struct Line: Hashable {
    var jobClass: String
    var kind: String
  }

  static func batches(owner: UUID, limit: Int, after: BatchCursor?) -> Query {
    """
    SELECT \(unescaped: BatchItem.columns)
    FROM jobs.batch
    WHERE owner = \(owner) AND position < \(after?.position.rawValue ?? .max)
    ORDER BY position DESC
    LIMIT \(limit)
    """
  }

  static func batch(_ id: UUID, owner: UUID) -> Query {
    "SELECT \(unescaped: BatchItem.columns) FROM jobs.batch WHERE owner = \(owner) AND id = \(id)"
  }

  static func pace(owner: UUID) -> Query {
    """
    SELECT sum(succeeded + dead)::bigint, extract(epoch FROM now())::float8 - min(minute) * 60
    FROM jobs.pace
    WHERE minute > floor(extract(epoch FROM now()) / 60)::bigint - 5 AND owner = \(owner)
    """
  }

  static func waiting(owner: UUID, before fronts: [(Line, Position)]) -> Query {
    """
    SELECT class, kind, ahead
    FROM unnest(
      \(fronts.map(\.0.jobClass)), \(fronts.map(\.0.kind)), \(fronts.map(\.1.rawValue))
    ) AS front (class, kind, queue_position)
    CROSS JOIN LATERAL (
      SELECT count(*) AS ahead
      FROM (
        SELECT
        FROM jobs.job
        WHERE owner = \(owner) AND state = 'queued' AND state <> 'succeeded' AND job.class = front.class
          AND job.kind = front.kind AND job.queue_position < front.queue_position
        LIMIT \(waitingLimit + 1)
      ) AS counted
    ) AS line
    """
  }
}

struct BatchCursor: ListCursor, Equatable {
  static let list = "batches"

  /// Of the batch's first upload.
  var position: Position
}
