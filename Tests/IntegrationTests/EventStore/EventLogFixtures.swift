// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import Redis
import TestSupport
import Testing

/// Runs `body` with the log on a fresh database, and the pool it works on.
func withEventLog<Value>(
  redis: RedisClient? = nil, _ body: (PostgresEventLog, PostgresPool) async throws -> Value
) async throws -> Value {
  try await withMigratedDatabase { configuration in
    let pool = PostgresPool(configuration: configuration, size: 8, logger: Logger(label: "test"))
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(PostgresEventLog(pool: pool, redis: redis, logger: Logger(label: "test")), pool))
    } catch { result = .failure(error) }
    await pool.close()
    return try result.get()
  }
}

func testEvent(_ id: UUID = .v7(), type: String = "test.happened", owner: UUID? = nil) -> NewEvent {
  NewEvent(id: id, type: type, schemaVersion: 1, payload: Array(#"{"n":1}"#.utf8), owner: owner)
}
