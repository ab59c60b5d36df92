// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
import TestSupport
import Testing

@testable import EventStore
@testable import Postgres

/// Whatever an administrator asks for, no statement looks through the log: each reads a bounded number of its rows, by an index.
struct EventSearchPlanTests {
  private static let events: Int64 = 40_000
  private static let (owner, actor, correlation) = (UUID.v7(), UUID.v7(), UUID.v7())
  private static let budget = 500

  /// Every combination of conditions, from none to all of them.
  private static let queries: [EventQuery] = (0..<64).map { bits in
    var query = EventQuery()
    if bits & 1 != 0 { query.actor = actor }
    if bits & 2 != 0 { query.owner = owner }
    if bits & 4 != 0 { query.types = ["test.often", "test.rare", "test.never"] }
    if bits & 8 != 0 { query.category = "test" }
    if bits & 16 != 0 { query.stream = StreamName(category: "test", id: "7") }
    if bits & 32 != 0 { query.correlationId = correlation }
    return query
  }

  @Test(arguments: [EventOrder.newestFirst, .oldestFirst])
  func everyCombinationOfFiltersReadsABoundedNumberOfRows(order: EventOrder) async throws {
    try await withFilledLog { connection in
      for query in Self.queries {
        let types = query.category == nil ? query.types?.sorted() : ["test.often", "test.rare"]
        for cursor in [nil, Position(Self.events / 2)] {
          let span = EventSpan(query, order, upTo: Position(Self.events), after: cursor)
          for source in EventSource.serving(query, types: types) {
            let look = EventSearch.Statements.look(
              source, query, types: types, in: span, budget: Self.budget, limit: 50)
            let reach = EventSearch.Statements.reach(of: source, in: span, budget: Self.budget)
            for statement in [look, reach] {
              for plan in try await plans(statement, on: connection) {
                #expect(!plan.text.contains("Seq Scan"), "\(query)\n\(plan.text)")
                // One index for each type or branch, and a few rows of a stream to find a position in it.
                let bound = Double(Self.budget * max(types?.count ?? 1, 2) + 100)
                #expect(plan.rows <= bound, "\(plan.rows) rows for \(query)\n\(plan.text)")
              }
            }
          }
        }
      }
    }
  }

  @Test func eachFilterUsesItsOwnIndex() async throws {
    try await withFilledLog { connection in
      let expected: [(EventSource, [String])] = [
        (.everything, ["event_pkey"]), (.owner(Self.owner), ["event_owner_position_idx"]),
        (.actor(Self.actor), ["event_owner_position_idx", "event_actor_position_idx"]),
        (.types(["test.rare"]), ["event_type_position_idx"]),
        (.correlation(Self.correlation), ["event_correlation_id_position_idx"]),
        (.stream(StreamName(category: "test", id: "7")), ["event_stream_version_key"]),
      ]
      for order in [EventOrder.newestFirst, .oldestFirst] {
        for (source, indexes) in expected {
          let span = EventSpan(EventQuery(), order, upTo: Position(Self.events), after: nil)
          let statement = EventSearch.Statements.reach(of: source, in: span, budget: Self.budget)
          for plan in try await plans(statement, on: connection) {
            for index in indexes { #expect(plan.text.contains(index), "\(plan.text)") }
          }
        }
      }
    }
  }

  @Test func aCategorysTypesAreFoundByStepsInTheirIndex() async throws {
    try await withFilledLog { connection in
      let statement = EventSearch.Statements.types(of: "test")
      #expect(
        try await connection.query(statement).map { try $0.decode(0, as: String.self) } == ["test.often", "test.rare"])
      for plan in try await plans(statement, on: connection) {
        #expect(!plan.text.contains("Seq Scan"), "\(plan.text)")
        #expect(plan.rows <= 3, "\(plan.rows)\n\(plan.text)")
      }
    }
  }

  private struct Plan {
    var text: String
    /// Rows of the log that were read, also those that a filter threw away.
    var rows: Double
  }

  /// As it is planned for these values, with what came of it; and as it is planned once for all values.
  private func plans(_ query: Query, on connection: PostgresConnection) async throws -> [Plan] {
    let explained = Query(
      text: "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query.text, parameters: query.parameters, arena: query.arena
    )
    let json = try await connection.query(explained).map { try $0.decode(0, as: PostgresJSON.self) }
    let bytes = try #require(json.first).bytes
    let root = try #require(JSONSerialization.jsonObject(with: Data(bytes)) as? [[String: Any]])
    let custom = Plan(text: String(decoding: bytes, as: UTF8.self), rows: Self.rowsRead(root[0]["Plan"]))

    let types = try await connection.query(
      "SELECT format_type(id, NULL) FROM unnest(\(query.parameters.map { Int64($0.type.rawValue) })) AS id"
    ).map { try $0.decode(0, as: String.self) }
    _ = try await connection.query("SELECT set_config('plan_cache_mode', 'force_generic_plan', false)")
    try await connection.script("PREPARE plan_test (\(types.joined(separator: ", "))) AS \(query.text)")
    let nulls = types.map { _ in "NULL" }.joined(separator: ", ")
    let lines = try await connection.query(Query(stringLiteral: "EXPLAIN EXECUTE plan_test (\(nulls))"))
    try await connection.script("DEALLOCATE plan_test")
    let generic = try lines.map { try $0.decode(0, as: String.self) }.joined(separator: "\n")
    return [custom, Plan(text: generic, rows: 0)]
  }

  private static func rowsRead(_ node: Any?) -> Double {
    guard let node = node as? [String: Any] else { return 0 }
    let below = (node["Plans"] as? [Any] ?? []).reduce(0) { $0 + rowsRead($1) }
    guard node["Relation Name"] as? String == "event" else { return below }
    let loops = node["Actual Loops"] as? Double ?? 1
    let rows = (node["Actual Rows"] as? Double ?? 0) + (node["Rows Removed by Filter"] as? Double ?? 0)
    return below + rows * loops
  }

  /// A rare type, a frequent one, an owner of every tenth event, an actor now and then, a few streams, one large request.
  private func withFilledLog(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await withMigratedDatabase(role: nil) { configuration in
      let connection = try await PostgresConnection.connect(configuration, logger: Logger(label: "test"))
      try await connection.execute(
        """
        INSERT INTO log.event (
            position, version, recorded_at, id, owner, actor, correlation_id, schema_version, stream, type, payload
        )
        SELECT n, 1 + n / 20, clock_timestamp(), gen_random_uuid(), CASE WHEN n % 10 = 0 THEN \(Self.owner) END,
            CASE WHEN n % 1000 < 20 THEN \(Self.actor) END,
            CASE WHEN n % 4 = 0 THEN gen_random_uuid() WHEN n % 4 = 1 THEN \(Self.correlation) END, 1,
            CASE WHEN n % 20 < 19 THEN 'test-' || n % 20 ELSE 'other-' || n % 20 END,
            CASE WHEN n % 20 = 19 THEN 'other.thing' WHEN n % 5000 = 0 THEN 'test.rare' ELSE 'test.often' END, '{}'
        FROM generate_series(1, \(Self.events)) AS n
        """)
      try await connection.execute("UPDATE log.head SET position = \(Self.events)")
      try await connection.script("VACUUM ANALYZE log.event")
      try await body(connection)
      await connection.close()
    }
  }
}
