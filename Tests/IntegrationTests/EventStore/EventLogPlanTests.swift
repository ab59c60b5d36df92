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
      let some = EventFilter(types: ["test.often"], category: "test", owner: nil)
      let plans: [(Query, index: String)] = [
        (Statements.events(after: Position(5000), limit: 100), "event_pkey"),
        (Statements.events(at: [Position(5000), Position(7)]), "event_pkey"),
        (
          Statements.events(ofTypes: ["test.often", "test.rare"], after: Position(5000), limit: 100),
          "event_type_position_idx"
        ),
        (
          Statements.events(ofTypes: ["test.rare"], after: .start, through: Position(9000), limit: 100),
          "event_type_position_idx"
        ),
        (Statements.types(of: "test"), "event_type_position_idx"),
        (Statements.events(of: Self.owner, after: Position(5000), limit: 100, .all), "event_owner_position_idx"),
        (Statements.events(of: Self.owner, after: Position(5000), limit: 100, some), "event_owner_position_idx"),
        (
          Statements.events(in: StreamName(category: "test", id: "7"), after: 3, limit: 100), "event_stream_version_key"
        ),
        (Statements.lastEvents(of: [StreamName(category: "test", id: "7")]), "event_stream_version_key"),
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
      for statement in [
        PostgresEventLog.Statements.append(EventColumns(rows.rows), predecessors: rows.predecessors),
        PostgresEventLog.Statements.append(rows.rows[0]),
      ] {
        let plan = try await explain(statement, on: connection)
        #expect(plan.contains("event_stream_version_key"), "\(plan)")
        #expect(!plan.contains("Seq Scan on event"), "\(plan)")
      }
    }
  }

  @Test func historyIsCopiedInTheOrderOfItsIndex() async throws {
    try await withFilledLog { connection in
      let copy = PostgresEventLog.Statements.copy(after: Position(5000), limit: 8192).text
      let select = try #require(copy.split(separator: "(", maxSplits: 1).last?.split(separator: ") TO STDOUT").first)
      let plan = try await explain(Query(text: String(select), parameters: [], arena: []), on: connection)
      #expect(plan.contains("Index Scan using event_pkey"), "\(plan)")
      #expect(!plan.contains("Sort"), "\(plan)")
    }
  }

  /// What matters of a filter is that rows which it does not want are not even looked at.
  @Test(arguments: [["test.rare"], ["test.often", "test.rare"], ["test.none"]])
  func typesAreReadWithoutReadingAnythingElse(types: [String]) async throws {
    try await withFilledLog { connection in
      let query = PostgresEventLog.Statements.events(ofTypes: types, after: Position(1), limit: 50)
      let plan = try await explain("ANALYZE, TIMING off", query, on: connection)
      #expect(!plan.contains("Rows Removed"), "\(plan)")
      let read = plan.matches(of: #/Index Scan.*actual rows=\d+ loops=(\d+)/#).compactMap { Int($0.1) }.reduce(0, +)
      #expect(read <= 50, "\(plan)")
    }
  }

  private func explain(_ options: String, _ query: Query, on connection: PostgresConnection) async throws -> String {
    let explained = Query(text: "EXPLAIN (\(options)) " + query.text, parameters: query.parameters, arena: query.arena)
    return try await connection.query(explained).map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
  }

  private func explain(_ query: Query, on connection: PostgresConnection) async throws -> String {
    try await explain("COSTS on", query, on: connection)
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
