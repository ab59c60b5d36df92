// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Logging
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import BlobStore

/// The index of chunks in Postgres, held to the one in memory, and to what several processes may do at once.
@Suite("BlobStore: the index of chunks in Postgres")
struct ChunkIndexTests {
  /// A history that is generated, told to both: they must agree in every answer.
  @Test func itAnswersAsTheOneInMemoryDoes() async throws {
    try await withIndex { index, _ in
      let seed = UInt64.random(in: 0...UInt64.max)
      print("itAnswersAsTheOneInMemoryDoes: seed \(seed)")
      var history = GeneratedPacks(seed: seed)
      let memory = MemoryChunkIndex()
      for step in 0..<400 {
        try await history.step(index, memory) { what, same in #expect(same, "\(what) at step \(step), seed \(seed)") }
      }
      #expect(try await index.totals() == memory.totals(), "seed \(seed)")
    }
  }

  /// Counts follow from manifests: at any point of a history, and in shares that are the whole together.
  @Test func aRecountAgreesUntilSomebodyChangesACount() async throws {
    try await withIndex { index, pool in
      let seed = UInt64.random(in: 0...UInt64.max)
      print("aRecountAgreesUntilSomebodyChangesACount: seed \(seed)")
      var history = GeneratedPacks(seed: seed)
      let memory = MemoryChunkIndex()
      let chunksOf: @Sendable (Digest, ChunkedContent) async throws -> [Digest]? = { digest, _ in
        GeneratedPacks.chunks(of: digest)
      }
      for step in 0..<300 {
        try await history.step(index, memory) { _, _ in }
        guard step % 50 == 49 else { continue }
        let recount = try await index.recount(.all, chunksOf: chunksOf)
        #expect(recount.differences == [] && recount.unreadable == 0, "step \(step), seed \(seed)")
        #expect(try await memory.recount(.all, chunksOf: chunksOf) == recount, "step \(step), seed \(seed)")
        var shares = (chunks: 0, bytes: Int64(0))
        for number in 0..<7 {
          let share = try await index.recount(.init(number: number, of: 7), chunksOf: chunksOf)
          shares.chunks += share.chunks
          shares.bytes += share.bytes
        }
        #expect(shares == (recount.chunks, recount.bytes), "seed \(seed)")
      }
      let whole = GeneratedPacks.chunk(200)
      try await index.admit(history.pack(chunks: [200, 201], contents: [[200, 201]]))
      _ = try await pool.execute("UPDATE blob.chunk SET contents = contents + 2 WHERE digest = \(whole.bytes)")
      let recount = try await index.recount(.all, chunksOf: chunksOf)
      guard case .count(whole, let told, let counted) = recount.differences.first else {
        Issue.record("\(recount.differences), seed \(seed)")
        return
      }
      #expect(recount.differences.count == 1 && told == counted + 2)
      // What cannot be read is no reason to call anything wrong.
      #expect(try await index.recount(.all) { _, _ in nil }.differences == [])
    }
  }

  @Test func aContentWithoutAllOfItsChunksIsNotTakenIn() async throws {
    try await withIndex { index, _ in
      var history = GeneratedPacks(seed: 1)
      let whole = history.pack(chunks: [1, 2, 3], contents: [[1, 2, 3]])
      let partial = PackContents(
        id: whole.id, byteCount: whole.byteCount,
        entries: whole.entries.filter { $0.digest != GeneratedPacks.chunk(2) },
        manifests: whole.manifests)
      let admitted = try await index.admit(partial)
      #expect(admitted.contents == [])
      #expect(try await index.totals().contents == 0)
      #expect(try await index.admit(whole).contents == Set(whole.manifests.map(\.digest)))
      #expect(try await index.admit(whole).contents == [], "the second time")
      #expect(try await index.totals().chunks == 3)
    }
  }

  /// Contents that share chunks are taken in, condemned, restored and removed by many at once, while packs are replaced: in the end each chunk is
  /// counted once for each content that needs it.
  @Test func countsAreRightWhateverHappensAtOnce() async throws {
    try await withIndex { index, pool in
      let seed = UInt64.random(in: 0...UInt64.max)
      print("countsAreRightWhateverHappensAtOnce: seed \(seed)")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for lane in 0..<8 {
          group.addTask {
            var random = SeededGenerator(seed: seed &+ UInt64(lane))
            var history = GeneratedPacks(seed: random.next())
            for _ in 0..<60 {
              let chunks = (0..<4).map { _ in UInt8(random.next() % 12) }
              let pack = history.pack(
                chunks: Set(chunks).sorted(), contents: [random.next() % 3 == 0 ? [chunks[0]] : chunks])
              let digest = pack.manifests[0].digest
              try await index.admit(pack)
              switch random.next() % 4 {
              case 0: _ = try await index.condemn(digest)
              case 1: _ = try await index.restore(digest)
              case 2:
                _ = try await index.condemn(digest)
                _ = try await index.remove(digest, chunks: pack.manifests[0].distinctChunks)
              default:
                for id in try await index.wasteful(olderThan: .seconds(-10), limit: 2) {
                  if try await index.needed(of: id).isEmpty { _ = try await index.replace(id, with: nil) }
                }
              }
            }
          }
        }
        try await group.waitForAll()
      }
      let wrong = try await pool.query(
        "SELECT count(*) FROM blob.content WHERE NOT EXISTS (SELECT FROM blob.pack WHERE pack.pack_id = content.pack_id)"
      )
      #expect(try wrong.first?.decode(0, as: Int64.self) == 0, "every content has a pack, seed \(seed)")
      // Removed one by one, everything comes down to nothing.
      for row in try await pool.query("SELECT digest FROM blob.content") {
        let digest = Digest(bytes: try row.decode(0))
        _ = try await index.condemn(digest)
        _ = try await index.remove(digest, chunks: GeneratedPacks.chunks(of: digest))
      }
      let totals = try await index.totals()
      #expect(totals.contents == 0 && totals.chunks == 0 && totals.storedBytes == 0, "\(totals), seed \(seed)")
    }
  }

  @Test func whatIsDoneWhileAContentIsLiveIsDoneBeforeItIsCondemned() async throws {
    try await withIndex { index, _ in
      var history = GeneratedPacks(seed: 2)
      let pack = history.pack(chunks: [1], contents: [[1]])
      let digest = pack.manifests[0].digest
      let threads = BlockingPool(threadCount: 2)
      #expect(try await !index.whileLive(digest, on: threads) { Issue.record("it is not there") })
      try await index.admit(pack)
      let isDone = Mutex(false)
      let (started, signal) = AsyncStream<Void>.makeStream()
      async let work = index.whileLive(digest, on: threads) {
        signal.yield()
        // Long enough for the other to have come, had it not waited.
        usleep(100_000)
        isDone.withLock { $0 = true }
      }
      for await _ in started { break }
      #expect(try await index.condemn(digest) != nil)
      #expect(isDone.withLock { $0 })
      let ran = try await work
      #expect(ran)
      #expect(try await !index.whileLive(digest, on: threads) { Issue.record("it is condemned") })
    }
  }

  @Test func lookUpsUseTheirIndexes() async throws {
    try await withIndex { index, pool in
      var history = GeneratedPacks(seed: 3)
      for number in UInt8(0)..<50 { try await index.admit(history.pack(chunks: [number], contents: [[number]])) }
      for (query, name) in [
        (PostgresChunkIndex.places(of: [GeneratedPacks.chunk(1).bytes]), "chunk_pkey"),
        (PostgresChunkIndex.contents(among: [GeneratedPacks.chunk(1).bytes]), "content_pkey"),
        (PostgresChunkIndex.neededChunks(of: UUID()), "chunk_pack_idx"),
      ] {
        let plan = try await pool.transaction { connection in
          _ = try await connection.query("SET LOCAL enable_seqscan = off")
          return try await connection.query("EXPLAIN \(query)").map { try $0.decode(0, as: String.self) }
        }
        #expect(plan.joined().contains(name), "\(plan.joined(separator: "\n"))")
      }
    }
  }

  private func withIndex(_ body: (PostgresChunkIndex, PostgresPool) async throws -> Void) async throws {
    try await withMigratedDatabase { database in
      let pool = PostgresPool(
        configuration: database, size: 8, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      try await body(PostgresChunkIndex(pool: pool), pool)
      await pool.close()
    }
  }
}
