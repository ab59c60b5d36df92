// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Postgres
import TestSupport
import Testing

@testable import Projections

struct ProjectionPositionsTests {
  @Test func waitEndsOnceEveryProjectionHasCome() async throws {
    try await withPool { pool in
      let positions = ProjectionPositions(pool: pool)
      async let waiting: Void = positions.wait(for: ["files", "jobs"], toReach: Position(5), timeout: .seconds(10))
      _ = try await pool.execute(Checkpoint.move("files", to: Position(9)))
      try await eventually { try await positions.position(of: "files") == Position(9) }
      #expect(positions.known(of: "jobs") == .start)
      _ = try await pool.execute(Checkpoint.move("jobs", to: Position(5)))
      try await waiting
    }
  }

  @Test func waitInTheProcessOfTheRunnerNeedsNoLook() async throws {
    try await withPool { pool in
      let positions = ProjectionPositions(pool: pool)
      await pool.close()  // Whoever looked now would fail.
      async let waiting: Void = positions.wait(for: ["files"], toReach: Position(3), timeout: .seconds(10))
      positions.advance("files", to: Position(3))
      try await waiting
    }
  }

  @Test func waitEndsInTimeWithWhereThingsAre() async throws {
    try await withPool { pool in
      _ = try await pool.execute(Checkpoint.move("files", to: Position(4)))
      let positions = ProjectionPositions(pool: pool)
      let start = ContinuousClock.now
      await #expect(throws: WaitTimeout(projection: "files", reached: Position(4), wanted: Position(5))) {
        try await positions.wait(for: ["files"], toReach: Position(5), timeout: .milliseconds(150))
      }
      #expect(start.duration(to: .now) >= .milliseconds(150))
    }
  }

  @Test func manyWaitersAskTheDatabaseOnceBetweenThem() async throws {
    try await withPool { pool in
      let positions = ProjectionPositions(pool: pool)
      await withTaskGroup { group in
        for _ in 0..<500 {
          group.addTask {
            try? await positions.wait(for: ["files"], toReach: Position(1), timeout: .milliseconds(400))
          }
        }
      }
      // 20, 40, 80, 160, 200 ms apart: half a dozen looks in all, not half a dozen for each of 500.
      #expect((1...25).contains(positions.looks))
    }
  }

  @Test func aCancelledWaitEnds() async throws {
    try await withPool { pool in
      let positions = ProjectionPositions(pool: pool)
      let waiting = Task { try await positions.wait(for: ["files"], toReach: Position(1), timeout: .seconds(60)) }
      waiting.cancel()
      await #expect(throws: WaitTimeout.self) { try await waiting.value }
    }
  }
}
