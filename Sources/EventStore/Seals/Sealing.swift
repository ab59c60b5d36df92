// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Postgres

/// Makes seals, one at a time: reads what is not sealed yet, hashes it, signs, inserts.
struct Sealing: Sendable {
  let keys: SealKeys
  /// Nil seals whatever there is.
  let policy: SealPolicy?

  /// Seals the next range, if one is due. Runs on the connection's thread.
  ///
  /// Whoever else does the same at the same time meets the table's key: a number is taken once.
  /// - Throws: ``SealerError``, `PostgresError`.
  func step(on connection: isolated PostgresConnection) async throws -> SealRecord? {
    let last = try await connection.query(SealTable.Statements.last).first.map(Seal.init)
    if let last, !last.isSignatureValid { throw SealerError.forged(number: last.number) }
    let state = try await connection.query(SealTable.Statements.state(after: last))
    guard let row = state.first else { return nil }
    let (head, time, age) = try row.decode((Int64, PostgresTime, Double?).self)
    let start = last?.last.rawValue ?? 0
    SealMetrics.waiting(head - start, oldest: age)
    guard head > start, policy?.isDue(count: head - start, age: .seconds(age ?? 0)) ?? true else { return nil }

    let hasher = EventTuple.hasher()
    let leaves = try await Self.leaves(
      after: start, through: min(head, start + Seal.rangeLimit), with: hasher, on: connection)
    let seal = try Seal.make(after: last, leaves: leaves, at: time, keys: keys, with: hasher)
    let record = SealRecord(seal: seal, leaves: leaves)
    try await connection.execute(SealTable.Statements.insert(record))
    SealMetrics.sealed(seal.last)
    return record
  }

  /// The leaves of a range of which every position must be there.
  private static func leaves(
    after start: Int64, through end: Int64, with hasher: MerkleHasher, on connection: isolated PostgresConnection
  ) async throws -> [UInt8] {
    var leaves: [UInt8] = []
    leaves.reserveCapacity(Int(end - start) * MerkleHasher.hashByteCount)
    var position = start
    try await connection.copyOut(EventRows.copy(from: start + 1, through: end)) { tuple in
      guard EventTuple.position(of: tuple) == position + 1 else { throw SealerError.hole(Position(position + 1)) }
      hasher.appendLeaf(tuple, to: &leaves)
      position += 1
    }
    guard position == end else { throw SealerError.hole(Position(position + 1)) }
    return leaves
  }
}

/// When unsealed events are due.
public struct SealPolicy: Sendable {
  /// As soon as there are this many.
  public var events: Int64
  /// As soon as the oldest is this old.
  public var interval: Duration

  public init(events: Int64 = 1000, interval: Duration = .seconds(60)) {
    self.events = events
    self.interval = interval
  }

  func isDue(count: Int64, age: Duration) -> Bool { count >= events || age >= interval }
}

/// Rows of the log in the form that is hashed.
enum EventRows {
  /// Below every position. One above the least number, whose digits alone are too large for a bigint, so that no index could be used.
  static let lowest = Int64.min + 1

  static func copy(from first: Int64, through last: Int64) -> Query {
    """
    COPY (
        SELECT \(unescaped: EventTuple.columns)
        FROM log.event
        WHERE position >= \(literal: first)
            AND position <= \(literal: last)
        ORDER BY position
    ) TO STDOUT (FORMAT binary)
    """
  }
}
