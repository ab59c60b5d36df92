// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BlobStore

/// What a store in a bucket does beside the contract.
@Suite(.serialized, .enabled(if: S3Server.shared != nil, "moto is not installed: make setup-tests"))
struct S3BlobStoreTests {
  private let home: TemporaryDirectory
  private let index = MemoryChunkIndex()
  private let configuration: S3Configuration
  private let store: S3BlobStore
  private let client: S3Client

  init() throws {
    home = try TemporaryDirectory()
    configuration = try #require(S3Server.shared).configuration()
    store = try Self.open(configuration, home, index)
    client = S3Client(configuration)
  }

  private static func open(
    _ configuration: S3Configuration, _ home: TemporaryDirectory, _ index: MemoryChunkIndex,
    installation: UUID? = UUID(uuidString: "01a21f1d-9878-872b-87f3-2d5683a87ff2")
  ) throws -> S3BlobStore {
    try S3BlobStore(
      configuration, staging: "\(home.path)/staging", index: index, installation: { installation }, threads: 4,
      packSize: 400_000)
  }

  private var packs: [String] { get throws { try client.list("packs/").map(\.name).sorted() } }

  @Test func whatIsKeptAlreadyDoesNotTravelAgain() async throws {
    let content = Sample.noise(900_000)
    let digest = try await store.publish(content).digest
    let before = try packs
    #expect(before.count > 1, "packs are finished when they are large enough")
    let other = try await store.publish(content + [1, 2, 3]).digest
    let after = try packs
    let new = try Set(after).subtracting(before).map { try client.size(of: $0) ?? 0 }
    #expect(new.reduce(0, +) < 300_000, "the chunks at the end, and a manifest")
    _ = try await store.publish(content)
    #expect(try packs == after)
    #expect(try await store.bytes(digest) == content)
    #expect(try await store.bytes(other) == content + [1, 2, 3])
    #expect(home.files().isEmpty)
  }

  @Test func smallContentsThatComeTogetherShareAPack() async throws {
    let contents = (0..<200).map { number in Sample.noise(2000, seed: UInt64(number)) }
    try await withThrowingTaskGroup { group in
      for content in contents { group.addTask { _ = try await store.publish(content) } }
      try await group.waitForAll()
    }
    #expect(try packs.count <= 60)
    let together = contents.map { WholeContent(bytes: ByteBuffer(bytes: $0 + [7])) }
    let before = try packs.count
    for result in try await store.publish(together) { _ = try result.get() }
    #expect(try packs.count == before + 1)
  }

  @Test func aReaderGoesOnWhenThePackThatItReadsIsWrittenAnew() async throws {
    let content = Sample.noise(2_000_000)
    let digest = try await store.publish(content).digest
    var pieces = try await store.read(digest).makeAsyncIterator()
    var read: [UInt8] = []
    if let first = try await pieces.next() { read += first.readableBytesView }
    for pack in try await index.packs() { #expect(try await store.packs.compact(pack) != nil) }
    while let piece = try await pieces.next() { read += piece.readableBytesView }
    #expect(read == content)
  }

  @Test(arguments: ["changed", "cut", "gone"])
  func whatIsDamagedIsFoundAndMendedWhenItIsSentAgain(harm: String) async throws {
    for content in [Sample.noise(300_000), Sample.noise(3000, seed: 2)] {
      let digest = try await store.publish(content).digest
      let pack = try #require(try await index.content(digest).map { $0.pack.uuidString.lowercased() })
      let object = try #require(packs.first { $0.contains(pack) })
      var bytes = try #require(try client.read(object))
      try client.remove(object)
      bytes[1000] ^= 1
      if harm != "gone" { _ = try client.create(object, harm == "cut" ? Array(bytes.prefix(500)) : bytes) }
      await #expect(throws: BlobStoreError.self) { try await store.verify(digest) }
      _ = try await store.publish(content)
      try await store.verify(digest)
      #expect(try await store.bytes(digest) == content)
    }
  }

  @Test func anIndexThatWasLostIsFilledFromTheBucket() async throws {
    let contents = [Sample.noise(900_000), Sample.text(300_000), Sample.noise(5000, seed: 3), []]
    var digests: [Digest] = []
    for content in contents { digests.append(try await store.publish(content).digest) }
    let other = try Self.open(configuration, home, MemoryChunkIndex())
    #expect(try await !other.contains(digests[0]))
    #expect(try await other.findPacks(olderThan: .seconds(-10)) == Set(digests))
    for (digest, content) in zip(digests, contents) { #expect(try await other.bytes(digest) == content) }
  }

  @Test func twoStoresOnOneBucketCutAlikeAndKeepEachContentOnce() async throws {
    let elsewhere = try TemporaryDirectory()
    let other = try Self.open(configuration, elsewhere, index)
    let content = Sample.noise(300_000)
    let digest = try await store.publish(content).digest
    let before = try packs
    _ = try await other.publish(content)
    #expect(try packs == before)
    #expect(try await other.bytes(digest, range: 100_000..<200_000) == Array(content[100_000..<200_000]))
  }

  @Test func whatNobodyNeedsLeavesTheBucket() async throws {
    let digest = try await store.publish(Sample.noise(900_000)).digest
    _ = try await store.condemn(digest)
    #expect(try await store.removeCondemned(digest) != nil)
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    #expect(try packs.isEmpty)
  }

  @Test func anotherInstallationTouchesNothingHoweverSoonItComes() async throws {
    let digest = try await store.publish(Sample.noise(300_000)).digest
    for installation in [nil, UUID()] {
      let other = try Self.open(configuration, home, MemoryChunkIndex(), installation: installation)
      await #expect(throws: BlobStoreError.self) { try await other.claim() }
      await #expect(throws: BlobStoreError.self) { try await other.publish([1, 2, 3]) }
      await #expect(throws: BlobStoreError.self) { try await other.tidyPacks(olderThan: .seconds(-10)) }
    }
    // A place that nobody has claimed is not anybody's who does not know what is in it.
    try client.remove("installation")
    let other = try Self.open(configuration, home, MemoryChunkIndex(), installation: UUID())
    await #expect(throws: BlobStoreError.self) { try await other.findPacks(olderThan: .seconds(-10)) }
    try await store.verify(digest)
  }

  @Test func aBucketThatIsNotThereIsNamed() throws {
    var missing = configuration
    missing.bucket = "nobody-made-it"
    missing.attempts = 1
    #expect {
      try Self.open(missing, home, index)
    } throws: { error in
      "\(error)".contains("Create the bucket")
    }
  }

  @Test func aServiceThatIsAwayIsTemporary() async throws {
    let digest = try await store.publish(Sample.noise(900_000)).digest
    var away = configuration
    away.endpoint = try #require(URL(string: "http://127.0.0.1:9"))
    away.attempts = 2
    let error = #expect(throws: BlobStoreError.self) { try S3Client(away).read("packs/x") }
    #expect(error?.isTransient == true)
    #expect(try await store.contains(digest))
  }
}
