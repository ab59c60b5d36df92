// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
import TestSupport
import Testing

@testable import EventStore
@testable import Postgres

/// The log's statements use the indexes that the migration makes for them, and never look through the table.
struct EventLogPlanTests {
  private static let owner = UUID.v7()

  @Test func everyReadUsesItsIndex() async throws {
    try await withFilledLog { connection in
      typealias Statements = PostgresEventLog.Statements
      let some = EventFilter(types: ["test.rare"], category: "test", owner: nil)
      let plans: [(Query, index: String)] = [
        (Statements.events(after: Position(5000), limit: 100), "event_pkey"),
        (Statements.events(after: Position(5000), through: Position(15_000), limit: 100, some), "event_pkey"),
        (Statements.events(of: Self.owner, after: Position(5000), limit: 100, .all), "event_owner_position_idx"),
        (Statements.events(of: Self.owner, after: Position(5000), limit: 100, some), "event_owner_position_idx"),
        (
          Statements.events(in: StreamName(category: "test", id: "7"), after: 3, limit: 100), "event_stream_version_key"
        ),
        (Statements.versions(of: ["test-7", "test-8"]), "event_stream_version_key"),
        (Statements.places(of: [.v7(), .v7()]), "event_id_key"),
      ]
      for (query, index) in plans {
        let plan = try await explain(query, on: connection)
        #expect(plan.contains(index), "\(plan)")
        #expect(!plan.contains("Seq Scan on event"), "\(plan)")
      }
    }
  }

  @Test func anAppendLooksItsPredecessorsUpByIndex() async throws {
    try await withFilledLog { connection in
      let stream = StreamName(category: "test", id: "7")
      let batch = OptimisticBatch([[StreamAppend(stream: stream, expected: .exactly(200), events: [testEvent()])]])
      let rows = try #require(batch)
      let plan = try await explain(
        PostgresEventLog.Statements.append(EventColumns(rows.rows), predecessors: rows.predecessors), on: connection)
      #expect(plan.contains("event_stream_version_key"), "\(plan)")
      #expect(!plan.contains("Seq Scan on event"), "\(plan)")
    }
  }

  private func explain(_ query: Query, on connection: PostgresConnection) async throws -> String {
    let explained = Query(text: "EXPLAIN " + query.text, parameters: query.parameters, arena: query.arena)
    return try await connection.query(explained).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
  }

  /// 20,000 events: 100 streams, every tenth of them one owner's.
  private func withFilledLog(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withMigratedDatabase(role: nil) { configuration in
      let connection = try await PostgresConnection.connect(configuration, logger: Logger(label: "test"))
      try await connection.execute(
        """
        INSERT INTO log.event (position, version, recorded_at, id, owner, schema_version, stream, type, payload)
        SELECT n, 1 + n / 100, clock_timestamp(), gen_random_uuid(), CASE WHEN n % 10 = 0 THEN \(Self.owner)::uuid END, 1,
            'test-' || n % 100, CASE WHEN n % 1000 = 0 THEN 'test.rare' ELSE 'test.often' END, '{}'
        FROM generate_series(1, 20000) AS n
        """)
      try await connection.execute("UPDATE log.head SET position = 20000")
      try await connection.script("ANALYZE log.event")
      try await body(connection)
      await connection.close()
    }
  }
}
