// SPDX-License-Identifier: Apache-2.0

import Postgres

/// The seals of the database with their leaves, a bounded number of events at a time.
struct SealPages {
  /// About how many events' leaves a page has: 4 MiB of them.
  private static let eventsPerPage: Int64 = 131_072

  private let last: Int64
  private var number: Int64 = 0
  private var limit: Int64 = 1

  /// - Parameter last: the number of the last seal to give.
  init(through last: Int64) { self.last = last }

  /// The next seals in the order of their numbers, at least one; nil at the end.
  mutating func next(on connection: isolated PostgresConnection) async throws -> [SealRecord]? {
    let rows = try await connection.query(
      SealTable.Statements.records(after: number, through: last, limit: Int(limit)))
    let records = try rows.map(SealRecord.init)
    guard let newest = records.last?.seal else { return nil }
    number = newest.number
    // By the size of the one seen last: neighbours are alike.
    limit = min(256, max(1, Self.eventsPerPage / max(1, newest.count)))
    return records
  }
}
