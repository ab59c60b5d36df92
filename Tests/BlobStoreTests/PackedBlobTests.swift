// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BlobStore

/// What keeping each chunk once means for contents that share some.
struct PackedBlobTests {
  let home: TemporaryDirectory
  let index = MemoryChunkIndex()
  let store: LocalBlobStore

  init() throws {
    home = try TemporaryDirectory()
    store = try Self.open(home, index)
  }

  private static func open(
    _ home: TemporaryDirectory, _ index: MemoryChunkIndex, _ compression: ChunkCompression = .lz4
  ) throws -> LocalBlobStore {
    try LocalBlobStore(
      root: "\(home.path)/blobs", index: index, compression: compression, threads: 4, packSize: 300_000, disk: Disk())
  }

  /// Bytes that share no chunk with those of another number.
  private func noise(_ count: Int, _ number: UInt64) -> [UInt8] {
    Sample.noise(count).map { $0 ^ UInt8(truncatingIfNeeded: number) }
  }

  private func keep(_ content: [UInt8]) async throws -> Digest {
    let digest = try await store.publish(content).digest
    _ = try await store.settle(digest)
    return digest
  }

  private func remove(_ digest: Digest) async throws -> Int64? {
    _ = try await store.condemn(digest)
    return try await store.removeCondemned(digest)
  }

  private var packs: [String] { home.files(under: "blobs/packs") }

  /// Random words: what compresses, by either way.
  private func words(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let all = ["log ", "event ", "position ", "blob ", "digest ", "stream\n", "fold ", "once "].map { Array($0.utf8) }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += all[Int(generator.next() % 8)] }
    return bytes
  }

  /// The way of compressing is changed on a store that is in use, and changed back.
  @Test func eachChunkNamesItsOwnForm() async throws {
    let zstd = try Self.open(home, index, .zstd(level: 3))
    let contents = (1...3).map { words(1_000_000, seed: $0) }
    let (first, third) = (try await keep(contents[0]), try await store.publish(contents[2]).digest)
    var grown = contents[0]
    grown.insert(contentsOf: "and something new".utf8, at: 500_000)
    let second = try await zstd.publish(grown).digest
    let new = try await zstd.publish(contents[1]).digest
    let (mixed, small, large) = (
      try await zstd.settle(second), try await zstd.settle(new), try await store.settle(third)
    )
    #expect(mixed.codec == .zstd && small.codec == .zstd && large.codec == .lz4)
    #expect(small.storedBytes < large.storedBytes * 9 / 10, "\(small.storedBytes) against \(large.storedBytes)")
    for reader in [store, zstd] {
      #expect(try await reader.bytes(first) == contents[0])
      #expect(try await reader.bytes(second) == grown)
      #expect(try await reader.bytes(new, range: 499_000..<501_000) == Array(contents[1][499_000..<501_000]))
    }
    // What is kept is not written again in another form.
    let chunks = try await index.totals().storedBytes
    _ = try await store.settle(store.publish(contents[1]).digest)
    #expect(try await index.totals().storedBytes == chunks)
  }

  @Test func aRecountOfThePacksAgreesToTheByteAndFindsAChunkThatIsElsewhere() async throws {
    let first = noise(900_000, 1)
    let kept = try await keep(first)
    _ = try await keep(Array(first[300_000...]) + noise(200_000, 2))
    let gone = try await keep(noise(700_000, 3))
    _ = try await remove(gone)
    var recount = try await store.recount(.all)
    let totals = try await index.totals()
    #expect(recount.differences == [] && recount.unreadable == 0)
    #expect((recount.contents, recount.bytes - totals.wastedBytes) == (2, totals.storedBytes))
    // The index is told of a pack that has the chunks of another at other places.
    let (pack, places) = try await place(of: kept)
    let moved = try #require(places.first)
    try await index.admitChunks(
      of: PackContents(
        id: pack, byteCount: 1,
        entries: [
          PackEntry(
            kind: moved.kind, digest: moved.digest, offset: moved.offset + 1, storedSize: moved.storedSize,
            size: moved.size)
        ],
        manifests: []), insteadOf: [moved.digest])
    recount = try await store.recount(.all)
    guard case .place(moved.digest, _) = recount.differences.first else {
      Issue.record("\(recount.differences)")
      return
    }
    #expect(recount.differences.count == 1)
  }

  /// The pack of a content's manifest, and what it has.
  private func place(of digest: Digest) async throws -> (UUID, [PackEntry]) {
    let content = try #require(try await index.content(digest))
    return (content.pack, try await index.needed(of: content.pack).filter(\.isChunk))
  }

  @Test func aSecondVersionCostsWhatIsNewInIt() async throws {
    let first = Sample.noise(1_000_000)
    var second = first
    second.insert(7, at: 400_000)
    let firstDigest = try await keep(first)
    let before = try await index.totals()
    let secondDigest = try await keep(second)
    let after = try await index.totals()
    #expect((1...4).contains(after.chunks - before.chunks), "\(after.chunks - before.chunks) chunks are new")
    #expect(after.storedBytes - before.storedBytes < 200_000)
    #expect(try await store.bytes(firstDigest) == first)
    #expect(try await store.bytes(secondDigest) == second)
    #expect(
      try await store.settle(secondDigest).storedBytes == 1_000_001, "what it takes is told without regard to others")
  }

  @Test func repetitionInsideOfAContentIsKeptOnce() async throws {
    let part = Sample.noise(300_000)
    let digest = try await keep(part + part + part)
    let totals = try await index.totals()
    #expect(totals.contentBytes == 900_000)
    #expect(totals.chunkBytes < 500_000)
    #expect(try await store.settle(digest).storedBytes == totals.storedBytes)
    #expect(try await store.bytes(digest) == part + part + part)
  }

  @Test func whatOthersNeedStaysWhenAContentIsRemoved() async throws {
    let first = Sample.noise(1_000_000)
    var second = first
    second.insert(7, at: 400_000)
    let firstDigest = try await keep(first)
    let secondDigest = try await keep(second)
    let freed = try #require(try await remove(firstDigest))
    #expect((1..<200_000).contains(freed), "only what the other has not: \(freed)")
    #expect(try await store.bytes(secondDigest) == second)
    let rest = try #require(try await remove(secondDigest))
    #expect(freed + rest == (try await index.totals()).wastedBytes)
    #expect(try await index.totals().storedBytes == 0)
  }

  @Test func chunksOfARemovedContentAreTakenUpAgain() async throws {
    let content = Sample.noise(600_000)
    let digest = try await keep(content)
    _ = try await remove(digest)
    let packs = packs
    #expect(try await keep(content) == digest)
    #expect(self.packs.count == packs.count + 1, "a pack for the manifest alone")
    #expect(try await index.totals().wastedBytes == 0)
    #expect(try await store.bytes(digest) == content)
  }

  @Test func aLongContentIsSpreadOverPacks() async throws {
    let content = Sample.noise(1_100_000)
    let digest = try await keep(content)
    #expect((2...4).contains(packs.count), "\(packs.count) packs")
    #expect(try await store.bytes(digest, range: 250_000..<650_000) == Array(content[250_000..<650_000]))
  }

  @Test func tidyingGivesBackWhatNothingNeeds() async throws {
    let (kept, removed) = (Sample.noise(400_000), noise(500_000, 2))
    let keptDigest = try await keep(kept)
    let removedDigest = try await keep(removed + kept.prefix(300_000))
    _ = try await remove(removedDigest)
    let before = try await index.totals()
    #expect(before.wastedBytes > 400_000)
    #expect(try await store.tidyPacks(olderThan: .seconds(100)) == Tidying(), "young packs are left alone")

    let tidying = try await store.tidyPacks(olderThan: .seconds(-10))
    let after = try await index.totals()
    #expect(tidying.packs > 0 && tidying.found.isEmpty)
    #expect(before.packBytes - after.packBytes == tidying.bytes)
    #expect(after.wastedBytes * 4 < after.packBytes)
    #expect(after.packs == Int64(packs.count))
    #expect(try await store.bytes(keptDigest) == kept)
    #expect(try await store.tidyPacks(olderThan: .seconds(-10)) == Tidying(), "nothing is left to do")
  }

  @Test func aReaderGoesOnWhilePacksAreWrittenAnew() async throws {
    let (kept, removed) = (Sample.noise(900_000), noise(900_000, 2))
    // In one pack: what is kept lies behind what is not.
    let wide = try LocalBlobStore(root: "\(home.path)/wide", index: index, disk: Disk())
    let both = try await wide.publish(removed + kept).digest
    _ = try await wide.settle(both)
    let digest = try await wide.publish(kept).digest
    _ = try await wide.settle(digest)
    var iterator = try await wide.read(digest).makeAsyncIterator()
    var bytes = try #require(try await iterator.next()).readableBytesView.map { $0 }
    _ = try await wide.condemn(both)
    _ = try await wide.removeCondemned(both)
    #expect(try await wide.tidyPacks(olderThan: .seconds(-10)).packs > 0)
    while let buffer = try await iterator.next() { bytes += buffer.readableBytesView }
    #expect(bytes == kept)
  }

  @Test func theIndexIsFilledAgainFromThePacksAlone() async throws {
    let first = Sample.noise(1_000_000)
    let second = Sample.text(500_000) + first.prefix(600_000)
    let digests = [try await keep(first), try await keep(second)]
    let fresh = MemoryChunkIndex()
    let other = try Self.open(home, fresh)
    await #expect(throws: BlobStoreError.notFound(digests[0])) { try await other.read(digests[0]) }
    #expect(try await other.tidyPacks(olderThan: .seconds(-10)).found == Set(digests))
    #expect(try await fresh.totals() == index.totals())
    #expect(try await other.bytes(digests[0]) == first)
    #expect(try await other.bytes(digests[1]) == second)
  }

  @Test func aPackWhoseIndexIsDamagedIsLeftAlone() async throws {
    let digest = try await keep(Sample.noise(500_000))
    let path = "\(home.path)/blobs/packs/\(try #require(packs.first))"
    var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    bytes[bytes.count - 100] ^= 1
    try Data(bytes).write(to: URL(filePath: path))
    let other = try Self.open(home, MemoryChunkIndex())
    _ = try await other.tidyPacks(olderThan: .seconds(-10))
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try await store.bytes(digest) == Sample.noise(500_000), "who knows the places needs no index of the pack")
  }

  @Test func damageInOneContentLeavesOthersReadable() async throws {
    let (first, second) = (Sample.noise(500_000), noise(500_000, 2))
    let (firstDigest, secondDigest) = (try await keep(first), try await keep(second))
    let pack = try #require(try await index.content(secondDigest)).pack
    try FileManager.default.removeItem(atPath: store.layout.pack(pack))
    #expect(try await store.bytes(firstDigest) == first)
    await #expect(throws: BlobStoreError.self) { try await store.bytes(secondDigest) }
  }

  @Test(arguments: PackHarm.allCases)
  func whatIsDamagedIsMendedWhenItIsSentAgain(harm: PackHarm) async throws {
    let content = Sample.noise(900_000)
    let digest = try await keep(content)
    try harm.befall("\(home.path)/blobs/packs/\(try #require(packs.first))")
    await #expect(throws: BlobStoreError.self) { try await store.verify(digest) }
    #expect(try await store.settle(digest).size == 900_000, "who settled it before is told so")
    #expect(try await keep(content) == digest)
    try await store.verify(digest)
    #expect(try await store.bytes(digest) == content)
    #expect(home.files(under: "blobs/raw").isEmpty)
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    #expect(try await store.bytes(digest) == content)
  }

  /// The database was dumped, then packs were written anew, then they were copied: so an index that is restored knows packs that are gone.
  @Test func anOlderIndexFindsWhatWasWrittenAnewSince() async throws {
    let (kept, removed) = (Sample.noise(400_000), noise(500_000, 2))
    let wide = try LocalBlobStore(root: "\(home.path)/blobs", index: index, disk: Disk())
    let both = try await wide.publish(removed + kept).digest
    _ = try await wide.settle(both)
    let digest = try await wide.publish(kept).digest
    _ = try await wide.settle(digest)
    let older = MemoryChunkIndex()
    let restored = try LocalBlobStore(root: "\(home.path)/blobs", index: older, disk: Disk())
    _ = try await restored.tidyPacks(olderThan: .seconds(-10))
    _ = try await wide.condemn(both)
    _ = try await wide.removeCondemned(both)
    #expect(try await wide.tidyPacks(olderThan: .seconds(-10)).packs > 0)

    await #expect(throws: BlobStoreError.self) { try await restored.bytes(digest) }
    _ = try await restored.tidyPacks(olderThan: .seconds(-10))
    #expect(try await restored.bytes(digest) == kept)
    await #expect(throws: BlobStoreError.self, "what was removed since is gone") { try await restored.bytes(both) }
  }

  /// Contents that share parts come and go, side by side with tidying, against a model that knows only their bytes.
  @Test func whatIsKeptIsReadWhateverComesAndGoes() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("whatIsKeptIsReadWhateverComesAndGoes: seed \(seed)")
    var random = SeededGenerator(seed: seed)
    var kept: [Digest: [UInt8]] = [:]
    for _ in 0..<60 {
      switch random.next() % 4 {
      case 0, 1:
        let content = (0..<3).flatMap { _ in noise(120_000, random.next() % 6) }
        kept[try await keep(content)] = content
      case 2:
        if let digest = kept.keys.sorted().first {
          kept[digest] = nil
          _ = try await remove(digest)
        }
      default:
        _ = try await store.tidyPacks(olderThan: .seconds(-10))
      }
    }
    for (digest, content) in kept { #expect(try await store.bytes(digest) == content, "seed \(seed)") }
    let distinct = try await index.totals()
    for digest in kept.keys { _ = try await remove(digest) }
    #expect(try await index.totals().storedBytes == 0, "every count came down to none, seed \(seed)")
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    #expect(packs.isEmpty && distinct.contents == Int64(kept.count), "seed \(seed)")
  }
}
