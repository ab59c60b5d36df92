// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Foundation
import Logging
import Postgres
import TestSupport
import Testing

/// Stores of several processes on one root, which meet in the files and in the database.
@Suite("BlobStore: chunks in packs, known to Postgres")
struct PackedBlobsTests {
  @Test func noReferenceIsEverLeftWithoutItsBytes() async throws {
    try await withStores { store, _ in
      let (rounds, seed, start) = (Trials.count(240), Trials.seed(), ContinuousClock.now)
      // They share most of their chunks.
      let common = Self.noise(300_000, seed: seed)
      let contents = (0..<6).map { number in common + [UInt8(number)] + Self.noise(20_000, seed: UInt64(number)) }
      let outcomes = try await DeletionTrial.run(store, contents, rounds: rounds, seed: seed)
      Trials.held(
        32, "\(rounds) rounds (shared chunks)", seed: seed, since: start, "restored \(outcomes.restored)",
        "removed \(outcomes.removed)", "kept a copy of their own \(outcomes.copied)")
      let totals = try await store.chunkTotals()
      #expect(totals.contents == 0 && totals.storedBytes == 0, "seed \(seed): \(totals)")
    }
  }

  @Test func aContentSettledByTwoProcessesAtOnceIsKeptOnce() async throws {
    try await withStores { one, other in
      let content = Self.noise(600_000, seed: 1)
      let digest = try await one.publish(content).digest
      let settled = try await withThrowingTaskGroup(of: SettledBlob.self) { group in
        for number in 0..<12 { group.addTask { try await (number % 2 == 0 ? one : other).settle(digest) } }
        return try await group.reduce(into: [SettledBlob]()) { $0.append($1) }
      }
      #expect(settled.allSatisfy { $0 == settled[0] })
      let totals = try await other.chunkTotals()
      #expect(totals.contents == 1 && totals.packs == 1 && totals.storedBytes == 600_000, "\(totals)")
      #expect(try await other.bytes(digest) == content)
    }
  }

  @Test func anIndexThatWasLostIsFilledFromThePacks() async throws {
    try await withMigratedDatabase { database in
      let pool = PostgresPool(
        configuration: database, size: 4, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let store = try LocalBlobStore(root: TestServices.makeDirectory("blobs").path, database: pool)
      var digests: Set<Digest> = []
      for seed in UInt64(0)..<5 {
        let digest = try await store.publish(Self.noise(300_000, seed: 9) + Self.noise(50_000, seed: seed)).digest
        _ = try await store.settle(digest)
        digests.insert(digest)
      }
      let before = try await store.chunkTotals()
      for table in ["content", "chunk", "pack"] {
        _ = try await pool.execute("DELETE FROM \(identifier: "blob").\(identifier: table)")
      }
      #expect(try await store.tidyPacks(olderThan: .seconds(-10)).found == digests)
      #expect(try await store.chunkTotals() == before)
      for digest in digests { #expect(try await store.bytes(digest).count == 350_000) }
      await pool.close()
    }
  }

  private static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count / 8).flatMap { _ in withUnsafeBytes(of: random.next(), Array.init) }
  }

  private func withStores(_ body: (LocalBlobStore, LocalBlobStore) async throws -> Void) async throws {
    try await withMigratedDatabase { database in
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let root = try TestServices.makeDirectory("blobs").path
      let pools = (0..<2).map { _ in PostgresPool(configuration: database, size: 8, logger: logger) }
      try await body(
        LocalBlobStore(root: root, database: pools[0], threads: 4),
        LocalBlobStore(root: root, database: pools[1], threads: 4))
      for pool in pools { await pool.close() }
      try FileManager.default.removeItem(atPath: root)
    }
  }
}
