// SPDX-License-Identifier: Apache-2.0

public import Postgres

/// The rows of `log.seal`.
public enum SealTable {
  enum Statements {
    private static let columns: StaticString = """
      number, first_position, last_position, sealed_at, root, previous, key, next_key, signature
      """

    static let last: Query = "SELECT \(unescaped: columns) FROM log.seal ORDER BY number DESC LIMIT 1"

    static func seal(_ number: Int64) -> Query {
      "SELECT \(unescaped: columns) FROM log.seal WHERE number = \(number)"
    }

    /// The newest first.
    static func seals(before number: Int64, limit: Int) -> Query {
      "SELECT \(unescaped: columns) FROM log.seal WHERE number < \(number) ORDER BY number DESC LIMIT \(limit)"
    }

    static func records(after number: Int64, through last: Int64, limit: Int) -> Query {
      """
      SELECT \(unescaped: columns), leaves
      FROM log.seal
      WHERE number > \(number)
          AND number <= \(last)
      ORDER BY number
      LIMIT \(limit)
      """
    }

    /// Ranges follow each other, so the first that ends at or after a position is the only one that can cover it.
    static func record(covering position: Position) -> Query {
      """
      SELECT \(unescaped: columns), leaves
      FROM log.seal
      WHERE last_position >= \(position.rawValue)
      ORDER BY last_position
      LIMIT 1
      """
    }

    static func insert(_ record: SealRecord) -> Query {
      let seal = record.seal
      return """
        INSERT INTO log.seal (\(unescaped: columns), leaves)
        VALUES (
            \(seal.number), \(seal.first.rawValue), \(seal.last.rawValue), \(seal.sealedAt), \(seal.root),
            \(seal.previous), \(seal.key.bytes), \(seal.nextKey.bytes), \(seal.signature), \(record.leaves)
        )
        """
    }

    /// How far the log is, the time for a seal of what comes after `last`, and how long its first event has waited.
    static func state(after last: Seal?) -> Query {
      let earliest = last?.sealedAt ?? PostgresTime(microseconds: 0)
      return """
        SELECT head.position, greatest(clock_timestamp(), head.recorded_at, \(earliest)),
            extract(epoch FROM clock_timestamp() - event.recorded_at)::float8
        FROM log.head
        LEFT JOIN log.event ON event.position = \((last?.last.rawValue ?? 0) + 1)
        """
    }
  }

  /// The newest seal.
  public static func last(in pool: PostgresPool) async throws -> Seal? {
    try await pool.query(Statements.last).first.map(Seal.init)
  }

  public static func seal(_ number: Int64, in pool: PostgresPool) async throws -> Seal? {
    try await pool.query(Statements.seal(number)).first.map(Seal.init)
  }

  /// Up to `limit` seals below a number, the newest first; nil begins with the newest.
  public static func seals(before number: Int64?, limit: Int, in pool: PostgresPool) async throws -> [Seal] {
    try await pool.query(Statements.seals(before: number ?? .max, limit: limit)).map(Seal.init)
  }
}

extension Seal {
  /// Reads a row of the columns above. What someone put there who should not have is read as it is: verifying judges it.
  init(_ row: PostgresRow) throws {
    self.init(
      number: try row.decode(0), first: Position(try row.decode(1)), last: Position(try row.decode(2)),
      sealedAt: try row.decode(3), root: try row.decode(4), previous: try row.decode(5),
      key: SealPublicKey(bytes: try row.decode(6)), nextKey: SealPublicKey(bytes: try row.decode(7)),
      signature: try row.decode(8))
  }
}

extension SealRecord {
  init(_ row: PostgresRow) throws {
    self.init(seal: try Seal(row), leaves: try row.decode(9))
  }
}
