// SPDX-License-Identifier: Apache-2.0

import Postgres

/// Whether what people read is about as new as what they write.
enum ReadTableLag {
  /// - Parameter limit: the age that the oldest event may have which a read table has not taken in; nil for any.
  /// - Throws: when it is older.
  static func check(_ pool: PostgresPool, limit: Duration?) async throws {
    guard let limit else { return }
    guard let age = try await pool.query(age).first?.decode(0, as: Double?.self), age > limit / .seconds(1) else {
      return
    }
    throw CommandError("Read tables are \(Int(age)) s behind the log. Does a process with the role `project` run?")
  }

  /// Read tables that have stopped, or are of another version, are passed over: they wait for a person, and an alert tells of them. So are those
  /// that are filled anew after an upgrade. A server that nobody sends anything to would help nobody.
  private static let age: Query = """
    SELECT extract(epoch FROM clock_timestamp() - event.recorded_at)::float8
    FROM (SELECT min(position) AS position FROM projection.checkpoint WHERE error IS NULL AND position >= fills_until) slowest
    JOIN log.event ON event.position = slowest.position + 1
    """
}
