// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

@testable import Projections

/// Version 2 of the projection cannot read the tables of version 1.
struct JobsMigrationTests {
  @Test func anInstallationOfTheVersionBeforeFillsItsJobsByItself() async throws {
    let clock = SteppingClock()
    let log = MemoryEventLog(now: { clock.next() })
    for append in GeneratedHistory(seed: 45, steps: 120).appends { _ = try await log.append(append) }
    let events = try await log.read(after: .start, limit: .max)
    try await withDatabase { owner in
      let admin = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
      let migrations = try Migrations.load(from: TestServices.migrationsDirectory)
      let earlier = migrations.filter { $0.name < "0009" }
      _ = try await Migrations.apply(earlier, on: admin, logger: Logger(label: "test"))
      // As version 1 left it: up to date, with a row of its own kind, a parked event, and tables that a rebuild had replaced.
      try await admin.script(
        """
        UPDATE projection.checkpoint SET position = \(events.count) WHERE name = 'jobs';
        INSERT INTO jobs.job (id, owner, file_id, position, queued_at, attempts, kind, class, state, path)
            VALUES (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 1, now(), 0, 'analyze', 'bulk', 'queued', 'a');
        INSERT INTO projection.parked (generation, position, event_id, attempts, schema_version, projection, type, error)
            SELECT generation, 1, gen_random_uuid(), 1, 1, 'jobs', 'file.uploaded', 'broken'
            FROM projection.checkpoint WHERE name = 'jobs';
        SELECT projection.begin_rebuild('jobs');
        SELECT projection.index_rebuild('jobs');
        SELECT projection.finish_rebuild('jobs', 1, \(events.count));
        SELECT projection.begin_rebuild('jobs');
        """)
      #expect(try await Migrations.apply(migrations, on: admin, logger: Logger(label: "test")).count > 0)
      await admin.close()

      var application = owner
      application.role = "onefold_app"
      let pool = PostgresPool(configuration: application, size: 4, logger: Logger(label: "test"))
      let projection = JobsProjection()
      try await running([{ try await runner(projection, pool, log).run() }]) {
        try await ProjectionPositions(pool: pool)
          .wait(for: ["jobs"], toReach: try await log.head(), timeout: .seconds(30))
      }
      let rows = try await ReadTables.rows(of: projection, pool)
      #expect(difference(of: rows, and: try ProjectionModel(events).rows) == [])
      #expect(try await CheckpointViews(pool: pool).checkpoint("jobs")?.version == 2)
      #expect(try await ParkedEvents(pool: pool).list().items == [])
      #expect(try await Rebuild.run(projection, pool: pool, log: log).comparison == .equal)
      await pool.close()
    }
  }
}
