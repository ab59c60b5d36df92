// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres

/// Turns times into positions.
public struct LogClock: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

  /// The position of the last event that was recorded at this time or before; ``Position/start`` before the first.
  ///
  /// Times are compared as they are shown, in milliseconds: the time that an event shows finds that event. Some 25 look-ups in the
  /// primary key, however long the log.
  public func position(at time: Date) async throws -> Position {
    let rows = try await pool.query(Self.position(at: time))
    guard let row = rows.first else { throw PostgresError(.misuse, "log.position_at gave no row") }
    return Position(try row.decode(0))
  }

  static func position(at time: Date) -> Query {
    let milliseconds = (time.timeIntervalSince1970 * 1000).rounded()
    // The last microsecond that is rounded to this millisecond.
    return "SELECT log.position_at(\(Date(timeIntervalSince1970: milliseconds / 1000 + 0.000499)))"
  }
}
