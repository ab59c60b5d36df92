// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Postgres

/// Inclusion proofs of events in the log.
public struct SealProofs: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// The proof for the event at a position; nil when there is none yet: the event does not exist, or is not sealed.
  ///
  /// Costs a read of the range's leaves, 256 KiB at most, and a hash for each.
  /// - Throws: ``LogTampered`` when the event or the leaves are not what was sealed: there is nothing to prove.
  public func proof(of position: Position) async throws -> InclusionProof? {
    try await pool.withConnection { try await Self.proof(of: position, on: $0) }
  }

  private static func proof(
    of position: Position, on connection: isolated PostgresConnection
  ) async throws -> InclusionProof? {
    let rows = try await connection.query(SealTable.Statements.record(covering: position))
    guard let record = try rows.first.map(SealRecord.init), record.seal.first <= position else { return nil }
    var tuple: EventTuple?
    try await connection.copyOut(EventRows.copy(from: position.rawValue, through: position.rawValue)) { bytes in
      tuple = EventTuple(bytes: bytes.withUnsafeBytes { Array($0) })
    }
    let hasher = EventTuple.hasher()
    guard let tuple, record.hasTrueLeaves(with: hasher),
      tuple.leaf(with: hasher)[...] == record.leaf(at: position.rawValue)
    else { throw LogTampered(position: position) }
    return InclusionProof(of: tuple, at: position, in: record, with: hasher)
  }
}

/// What stands at a position is not what was sealed there.
public struct LogTampered: Error, Equatable, CustomStringConvertible {
  public let position: Position

  public var description: String {
    "What the log has at position \(position) is not what was sealed. Run onefold verify."
  }
}
