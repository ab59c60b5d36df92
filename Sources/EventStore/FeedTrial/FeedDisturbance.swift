// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres

/// Something that happens to the database during a trial, again and again, evenly over its events.
public struct FeedDisturbance: Sendable {
  public let name: String
  private let times: Int
  /// Returns how many it met.
  private let act: @Sendable (inout FeedRandom) async throws -> Int

  private init(_ name: String, times: Int, act: @escaping @Sendable (inout FeedRandom) async throws -> Int) {
    self.name = name
    self.times = times
    self.act = act
  }

  /// Ends a third of the database's sessions, chosen at random.
  ///
  /// - Parameter database: as a role that may do so: the one that the sessions signed in with is enough.
  public static func killingSessions(of database: PostgresConfiguration, times: Int, logger: Logger) -> FeedDisturbance
  {
    FeedDisturbance("sessions killed", times: times) { random in
      let connection = try await Patience.persist { try await PostgresConnection.connect(database, logger: logger) }
      var killed = 0
      do {
        let victims = try await connection.query(sessions).map { try $0.decode(0, as: Int32.self) }
          .filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        killed = try await connection.query(kill(victims))[0].decode(0)
      } catch let error as PostgresError where error.isTransient {
        // The server was restarted just then: that has ended them all.
      }
      await connection.close()
      return killed
    }
  }

  /// - Parameter restart: returns when the server takes connections again.
  public static func restarting(times: Int, _ restart: @escaping @Sendable () async throws -> Void) -> FeedDisturbance {
    FeedDisturbance("restarts", times: times) { _ in
      try await restart()
      return 1
    }
  }

  func run(alongside ledger: FeedLedger, of events: Int, seed: UInt64) async throws -> Int {
    var random = FeedRandom(seed: ~seed)
    var met = 0
    for time in 1...times {
      guard await ledger.wait(for: max(1, events * time / (times + 1))) else { break }
      met += try await act(&random)
    }
    return met
  }

  private static let sessions: Query = """
    SELECT pid
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    ORDER BY backend_start
    """

  private static func kill(_ victims: [Int32]) -> Query {
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM unnest(\(victims)) AS pid"
  }
}
