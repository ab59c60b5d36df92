// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres

/// Removes for good what has been in the trash for long enough.
public struct TrashRetention: Sendable {
  private let pool: PostgresPool
  private let ledger: FileLedger
  private let retention: Duration

  /// In one step of one owner: a round of that owner's ledger.
  private static let batch = 500

  public struct Outcome: Equatable, Sendable {
    public internal(set) var files = 0
    /// Logical: what owners have back of their quotas.
    public internal(set) var bytes: Int64 = 0
  }

  public init(pool: PostgresPool, ledger: FileLedger, retention: Duration) {
    self.pool = pool
    self.ledger = ledger
    self.retention = retention
  }

  /// Removes all that is due. A file that is restored at this moment stays.
  ///
  /// - Throws: the error of the log or of the database; what was removed before stays removed.
  public func apply(now: Date = Date()) async throws -> Outcome {
    let time = now.addingTimeInterval(-(retention / .seconds(1)))
    var outcome = Outcome()
    for owner in try await pool.query(Self.owners(trashedBy: time)).decode(UUID.self) {
      var last = Date.distantPast
      while true {
        try Task.checkCancellation()
        let due = try await pool.query(Self.due(of: owner, after: last, trashedBy: time)).decode((UUID, Date).self)
        guard let end = due.last?.1 else { break }
        let removed = try await ledger.expire(due.map(\.0), owner: owner, trashedBy: time)
        outcome.files += removed.files
        outcome.bytes += removed.bytes
        // The read table shows the removals a little later: by time each is seen once, but for those of one instant.
        guard end > last || removed.files > 0 else { break }
        last = end
        if due.count < Self.batch { break }
      }
    }
    return outcome
  }

  private static func owners(trashedBy time: Date) -> Query {
    "SELECT DISTINCT owner FROM files.file WHERE state = 'trashed' AND trashed_at <= \(time)"
  }

  private static func due(of owner: UUID, after last: Date, trashedBy time: Date) -> Query {
    """
    SELECT id, trashed_at
    FROM files.file
    WHERE owner = \(owner) AND state = 'trashed' AND trashed_at >= \(last) AND trashed_at <= \(time)
    ORDER BY trashed_at
    LIMIT \(batch)
    """
  }
}
