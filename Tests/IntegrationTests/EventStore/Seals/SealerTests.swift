// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

struct SealerTests {
  @Test func sealsWhatIsAppendedWhileItRuns() async throws {
    try await SealedLog.run { log async throws in
      try await log.sealing { _ in
        for _ in 0..<5 { try await log.append(400) }
        try await eventually { try await log.sealedThrough() == 2000 }
        try await log.append(1)
        try await eventually { try await log.verify(withCopy: true).copyThrough == 2001 }
      }
      #expect(try await log.verify(withCopy: true).findings == [])
    }
  }

  @Test func fewEventsWaitUntilTheOldestIsOld() async throws {
    try await SealedLog.run { log async throws in
      let sealer = Sealer(
        pool: log.pool, keys: log.keys, policy: SealPolicy(events: 1000, interval: .seconds(2)), copyPath: nil)
      let start = ContinuousClock.now
      try await log.append(3)
      try await log.sealing([sealer]) { _ in
        try await eventually { try await log.sealedThrough() == 3 }
      }
      #expect(start.duration(to: .now) > .seconds(1.9))
    }
  }

  @Test func nothingIsSealedTwiceAndNothingTwiceEmpty() async throws {
    try await SealedLog.run { log async throws in
      try await log.append(10)
      #expect(try await log.seal().count == 1)
      #expect(try await log.seal().isEmpty)
    }
  }

  @Test func oneOfTwoLeadsAndTheOtherFollowsTheLossOfItsSession() async throws {
    try await SealedLog.run { log async throws in
      try await log.sealing([log.sealer(), log.sealer()]) { sealers in
        for round in Int64(1)...3 {
          try await log.append(100)
          try await eventually { try await log.sealedThrough() == round * 100 }
          // Later a leader may not know yet that it has lost its session.
          if round == 1 { #expect(sealers.count { $0.isLeading } == 1) }
          // What a network or a kill between two steps does to it.
          try await log.tamper(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'onefold-sealer' AND datname = current_database()"
          )
        }
        try await log.append(50)
        try await eventually { try await log.sealedThrough() == 350 }
        // The one that leads writes the copy, from wherever it was left.
        try await eventually { try await log.verify(withCopy: true).copyThrough == 350 }
      }
      #expect(try await log.verify(withCopy: true).findings == [])
    }
  }

  @Test func sealingByHandAtTheSameTimeDoesNotHurt() async throws {
    try await SealedLog.run { log async throws in
      try await log.sealing { _ in
        for _ in 0..<20 {
          try await log.append(30)
          try await log.seal()
        }
        try await eventually { try await log.verify(withCopy: true).copyThrough == 600 }
      }
      #expect(try await log.verify(withCopy: true).findings == [])
      #expect(try await log.seals().map(\.number) == Array(1...Int64(log.seals().count)))
    }
  }

  @Test func appendingIsNotHeldUp() async throws {
    try await SealedLog.run { log async throws in
      try await log.sealing { _ in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<16 { group.addTask { for _ in 0..<20 { try await log.append(10) } } }
          try await group.waitForAll()
        }
        try await eventually { try await log.sealedThrough() == 3200 }
      }
      #expect(try await log.verify().findings == [])
    }
  }

  // MARK: - The copy

  @Test func gapsOfTheCopyAreFilled() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([100])
      for _ in 0..<3 {
        try await log.append(100)
        _ = try await Sealer.sealNow(pool: log.pool, keys: log.keys, copyPath: nil)
      }
      #expect(try await log.verify(withCopy: true).copyThrough == 100)
      try await log.fill([5])
      let report = try await log.verify(withCopy: true)
      #expect(report.copyThrough == 405)
      #expect(report.findings == [])
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func aTornLineOfTheCopyIsMended(seed: UInt64) async throws {
    var generator = SeededGenerator(seed: seed)
    try await SealedLog.run { log async throws in
      try await log.fill([40, 40, 40])
      var bytes = try Data(contentsOf: URL(filePath: log.copy))
      bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      try bytes.write(to: URL(filePath: log.copy))
      try await log.fill([1])
      let report = try await log.verify(withCopy: true)
      #expect(report.copyThrough == 121, "seed \(seed)")
      #expect(report.findings == [], "seed \(seed)")
    }
  }

  @Test func aCopyOfAnotherLogIsRefused() async throws {
    try await SealedLog.run { other async throws in
      try await other.fill([10])
      try await SealedLog.run { log async throws in
        try await log.append(10)
        await #expect(throws: SealerError.copyDiffers(number: 1)) {
          try await Sealer.sealNow(pool: log.pool, keys: log.keys, copyPath: other.copy)
        }
      }
    }
  }

  // MARK: - Refusals

  @Test func aHoleIsNotSealed() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      try await log.append(10)
      try await log.tamper("DELETE FROM log.event WHERE position = 14")
      await #expect(throws: SealerError.hole(Position(14))) { try await log.seal() }
    }
  }

  @Test func aKeyThatWasNotAppointedDoesNotSeal() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      try await log.append(10)
      let other = SealKeys(current: SealKey())
      await #expect(throws: SealerError.notAppointed(log.key.publicKey, by: 1)) { try await log.seal(with: other) }
    }
  }

  @Test func aForgedSealIsNotBuiltUpon() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      try await log.append(10)
      try await log.tamper("UPDATE log.seal SET root = sha256('x')")
      await #expect(throws: SealerError.forged(number: 1)) { try await log.seal() }
    }
  }

  @Test func keysAreChangedOverWithoutAGap() async throws {
    try await SealedLog.run { log async throws in
      let next = SealKey()
      try await log.fill([10])
      for _ in 0..<2 {
        try await log.append(10)
        try await log.seal(with: SealKeys(current: log.key, next: next))
      }
      try await log.append(10)
      try await log.seal(with: SealKeys(current: next))
      let (old, new) = (log.key.publicKey, next.publicKey)
      #expect(try await log.seals().map(\.key) == [old, old, new, new])
      for keys: Set in [[old], [new]] { #expect(try await log.verify(trusting: keys).findings == []) }
    }
  }

  // MARK: - The table

  @Test(arguments: ["UPDATE log.seal SET root = root", "DELETE FROM log.seal", "TRUNCATE log.seal"])
  func sealsAreAppendOnly(change: String) async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      let application = await #expect(throws: PostgresError.self) {
        try await log.pool.withConnection { try await $0.script(change) }
      }
      #expect(application?.sqlState == "42501")
      var owner = log.pool.configuration
      owner.role = nil
      let connection = try await PostgresConnection.connect(owner, logger: Logger(label: "test"))
      let refusal = await #expect(throws: PostgresError.self) { try await connection.script(change) }
      #expect(refusal?.sqlState == "OF001")
      #expect(refusal?.message.contains("log.seal") == true)
      await connection.close()
    }
  }

  // MARK: - Proofs

  @Test func everySealedEventCanBeProved() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([1, 2, 300, 5])
      try await log.append(3)
      let proofs = SealProofs(pool: log.pool)
      for position in Array(1...8) + [302, 303, 304, 308] {
        let proof = try #require(try await proofs.proof(of: Position(Int64(position))))
        let event = try proof.verified(by: [log.key.publicKey])
        #expect(try await log.log.events(at: [Position(Int64(position))]).map(\.id) == [event.id])
      }
      #expect(try await proofs.proof(of: Position(309)) == nil, "not sealed yet")
      #expect(try await proofs.proof(of: Position(1000)) == nil)
      try await log.tamper("UPDATE log.event SET payload = '{}' WHERE position = 7")
      await #expect(throws: LogTampered.self) { try await proofs.proof(of: Position(7)) }
      #expect(try await proofs.proof(of: Position(8)) != nil)
    }
  }

  @Test func theProofsLookUpsUseIndexes() async throws {
    try await SealedLog.run { log async throws in
      try await log.fill([10])
      let plan = try await log.pool.withConnection { connection in
        try await connection.script("SET enable_seqscan = off")
        return try await connection.query(
          "EXPLAIN SELECT number FROM log.seal WHERE last_position >= 5 ORDER BY last_position LIMIT 1")
      }
      #expect(try plan.map { try $0.decode(0, as: String.self) }.joined().contains("seal_last_position_key"))
    }
  }
}
