// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import TestSupport
import Testing

/// What whoever owns the database does to a live log is found, and named by its position.
struct TamperedLogTests {
  @Test func anUntouchedLogIsIntact() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([700, 1, 9000, 299])
      try await log.append(17)
      let report = try await log.verify(withCopy: true)
      #expect(report.findings == [])
      #expect(report.events == 10_000)
      #expect(report.unsealed == 17)
      #expect(report.copyThrough == 10_000)
      // 9,000 events need two seals.
      #expect(report.seals == 5)
    }
  }

  @Test func anEmptyLogIsIntact() async throws {
    try await SealedLog.run { log async throws in
      #expect(try await log.verify().findings == [])
      #expect(try await log.seal() == [])
    }
  }

  @Test(arguments: [
    "UPDATE log.event SET payload = '{\"n\":-1}' WHERE position = 1234",
    "UPDATE log.event SET payload = (payload::text || ' ')::json WHERE position = 1234",
    "UPDATE log.event SET owner = gen_random_uuid() WHERE position = 1234",
    "UPDATE log.event SET actor = gen_random_uuid() WHERE position = 1234",
    "UPDATE log.event SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = 1234",
    "UPDATE log.event SET type = 'test.undone' WHERE position = 1234",
    "UPDATE log.event SET stream = 'test-other' WHERE position = 1234",
    "UPDATE log.event SET schema_version = 2 WHERE position = 1234",
    "UPDATE log.event SET id = gen_random_uuid() WHERE position = 1234",
  ])
  func aChangedEventIsNamed(change: String) async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1000, 1000])
      try await log.tamper(change)
      for report in [try await log.verify(), try await log.verifyExport()] {
        #expect(report.findings.map(\.kind) == [.changed])
        #expect(report.findings.first?.positions == 1234...1234)
      }
    }
  }

  @Test func aRemovedRowIsNamed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1000, 1000])
      try await log.tamper("DELETE FROM log.event WHERE position IN (1, 777, 1999, 2000)")
      for report in [try await log.verify(), try await log.verifyExport()] {
        #expect(
          Set(report.findings.filter { $0.kind == .missing }.compactMap(\.positions)) == [
            1...1, 777...777, 1999...2000,
          ])
      }
      // The rows that are left end at 1,998, and the head says 2,000.
      #expect(try await log.verify().findings.map(\.kind).contains(.headWrong))
    }
  }

  @Test func twoSwappedRowsAreNamed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1000, 1000])
      try await log.tamper(
        """
        UPDATE log.event SET position = -1 WHERE position = 30;
        UPDATE log.event SET position = 30 WHERE position = 1500;
        UPDATE log.event SET position = 1500 WHERE position = -1
        """)
      for report in [try await log.verify(), try await log.verifyExport()] {
        #expect(report.findings.map(\.kind) == [.swapped])
        #expect(report.findings.first?.positions == 30...1500)
      }
    }
  }

  @Test func aRowBeforeTheFirstIsNamed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      try await log.tamper(
        "INSERT INTO log.event SELECT 0, 99, recorded_at, gen_random_uuid(), owner, actor, NULL, NULL, 1, 'test-x', type, payload FROM log.event WHERE position = 5"
      )
      let findings = try await log.verify().findings
      #expect(findings.map(\.kind) == [.unexpected])
      #expect(findings.first?.positions == 0...0)
    }
  }

  @Test func aCutTailIsNamed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1000, 500, 500])
      // The events alone: the seals tell.
      try await log.tamper("DELETE FROM log.event WHERE position > 1400; UPDATE log.head SET position = 1400")
      let report = try await log.verify()
      #expect(report.findings.map(\.kind) == [.missing])
      #expect(report.findings.first?.positions == 1401...2000)
      // With the seals: the copy tells.
      try await log.tamper(
        "DELETE FROM log.event WHERE position > 1000; UPDATE log.head SET position = 1000; DELETE FROM log.seal WHERE number > 1"
      )
      #expect(try await log.verify().findings == [], "nothing in the database is left to tell")
      let findings = try await log.verify(withCopy: true).findings
      #expect(Set(findings.map(\.kind)) == [.missing, .sealMissing])
      #expect(findings.allSatisfy { $0.positions == 1001...2000 })
      #expect(findings.first { $0.kind == .sealMissing }?.seals == 2...3)
    }
  }

  @Test func everythingMadeAnewWithoutTheKeyIsFound() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1000, 1000])
      try await log.tamper("UPDATE log.event SET payload = '{\"n\":-1}' WHERE position = 1234; TRUNCATE log.seal")
      let thief = SealKey()
      _ = try await Sealer.sealNow(pool: log.pool, keys: SealKeys(current: thief), copyPath: nil)
      let alone = try await log.verify().findings
      #expect(alone.map(\.kind) == [.sealUnvouched])
      #expect(alone.first?.positions == 1...2000)
      let findings = try await log.verify(withCopy: true).findings
      #expect(findings.first { $0.kind == .changed }?.positions == 1234...1234, "\(findings)")
      #expect(findings.contains { $0.kind == .sealReplaced })
      #expect(findings.contains { $0.kind == .sealUnvouched })
    }
  }

  @Test func aSealThatWasTakenOutIsNamed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([100, 100, 100])
      try await log.tamper("DELETE FROM log.seal WHERE number = 2")
      let alone = try await log.verify().findings
      #expect(alone.map(\.kind) == [.sealMissing])
      #expect(alone.first?.positions == 101...200)
    }
  }

  /// n single changes of random kinds at random places, each found at its position.
  @Test func anySingleChangeIsFoundAtItsPosition() async throws {
    let (start, rounds, seed) = (ContinuousClock.now, Trials.count(12), Trials.seed())
    var generator = SeededGenerator(seed: seed)
    try await SealedLog.run { log async throws in
      let count: Int64 = 2500
      try await log.fill([900, 1, 1200, 399])
      for round in 0..<rounds {
        let position = Int64.random(in: 1...count, using: &generator)
        let kind = Int.random(in: 0..<2, using: &generator)
        let expected: Finding.Kind = kind == 0 ? .changed : .missing
        try await log.tamper(
          """
          CREATE TABLE kept AS SELECT * FROM log.event WHERE position = \(position);
          DELETE FROM log.event WHERE position = \(position)
          """)
        if kind == 0 {
          try await log.tamper(
            "INSERT INTO log.event SELECT position, version, recorded_at, id, owner, actor, correlation_id, causation_id, schema_version, stream, type, '{}'::json FROM kept"
          )
        }
        let report = try await log.verify()
        let found = report.findings.filter { $0.kind != .headWrong }
        #expect(found.map(\.kind) == [expected], "round \(round), position \(position)")
        #expect(found.first?.positions == position...position, "round \(round)")
        try await log.tamper(
          """
          DELETE FROM log.event WHERE position = \(position);
          INSERT INTO log.event SELECT * FROM kept;
          DROP TABLE kept
          """)
      }
      #expect(try await log.verify().findings == [], "put back, all is well")
      Trials.held(
        18, "\(rounds) rows changed or removed by a superuser", seed: seed, since: start,
        "found at their positions \(rounds)")
    }
  }
}
