// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore
import TestSupport
import Testing

@testable import BlobStore

/// Small contents that were published together lie in one pack.
struct ContentsTogetherTests {
  let home: TemporaryDirectory
  let index = MemoryChunkIndex()
  let store: LocalBlobStore
  let contents = (UInt64(0)..<50).map { Sample.noise(2000, seed: $0) + Sample.text(3000) }

  init() throws {
    home = try TemporaryDirectory()
    store = try LocalBlobStore(root: "\(home.path)/blobs", index: index, threads: 4, disk: Disk())
  }

  private func publish(_ contents: [[UInt8]], in store: LocalBlobStore? = nil) async throws -> [Digest] {
    try await (store ?? self.store).publish(contents.map { WholeContent(bytes: ByteBuffer(bytes: $0)) })
      .map { try $0.get().digest }
  }

  private func remove(_ digest: Digest) async throws {
    _ = try await store.condemn(digest)
    _ = try await store.removeCondemned(digest)
  }

  private var packs: [String] { home.files(under: "blobs/packs") }

  @Test func manyTakeOneFileAndTheirsAreCompressed() async throws {
    let digests = try await publish(contents)
    #expect(home.files().count == 1 && packs.count == 1)
    let settled = try await store.settle(digests[0])
    #expect(settled.size == 5000 && settled.codec == .lz4)
    #expect((2000..<2200).contains(settled.storedBytes))
    #expect(try await store.bytes(digests[0], range: 1990..<2010) == Array(contents[0][1990..<2010]))
  }

  @Test func manyAreReadTogetherAndADamagedOneIsLeftForWhoSaysWhy() async throws {
    let digests = try await publish(contents)
    let unknown = Digest(bytes: SHA256Hasher.hash([1, 2, 3]))
    let read = try await store.readTogether(digests + [unknown])
    #expect(read.count == 50)
    for (digest, content) in zip(digests, contents) {
      #expect(read[digest].map { Array($0.readableBytesView) } == content)
    }
    let path = "\(home.path)/blobs/packs/\(try #require(packs.first))"
    let place = try #require(try await index.places(of: [digests[7]])[digests[7]])
    let file = URL(filePath: path)
    var pack = try Data(contentsOf: file)
    pack[Int(place.offset) + 100] ^= 1
    try pack.write(to: file)
    let whole = try await store.readTogether(digests)
    #expect(Set(whole.keys) == Set(digests).subtracting([digests[7]]))
  }

  @Test func thoseThatAreThereAreNotWrittenAgain() async throws {
    _ = try await publish(Array(contents[..<25]))
    _ = try await publish(contents)
    #expect(packs.count == 2)
    let (totals, before) = (try await index.totals(), home.files())
    #expect(totals.contents == 50 && totals.chunks == 50 && totals.wastedBytes == 0)
    _ = try await publish(contents)
    #expect(home.files() == before)
    #expect(try await index.totals() == totals)
  }

  @Test func oneThatIsSentAloneLaterIsNotWrittenAgainUnlessItIsDamaged() async throws {
    let digests = try await publish(contents)
    let path = "\(home.path)/blobs/packs/\(try #require(packs.first))"
    #expect(try await store.publish(contents[3]).digest == digests[3])
    #expect(home.files().count == 1)
    try FileManager.default.removeItem(atPath: path)
    #expect(try await store.publish(contents[3]).digest == digests[3])
    #expect(try await store.bytes(digests[3]) == contents[3])
    #expect(home.files().count == 1 && packs.count == 1)
  }

  @Test func fewAreFilesOfTheirOwn() async throws {
    _ = try await publish(Array(contents[..<3]))
    #expect(packs.isEmpty && home.files().count == 3)
    _ = try await publish(contents)
    #expect(try await index.totals().contents == 47, "what is a file already stays one")
  }

  @Test func oneThatIsCondemnedIsPublishedAnew() async throws {
    let digests = try await publish(contents)
    _ = try await store.condemn(digests[7])
    _ = try await publish(contents)
    #expect(home.files().count == 2)
    _ = try await store.removeCondemned(digests[7])
    #expect(try await store.bytes(digests[7]) == contents[7])
  }

  @Test(arguments: PackHarm.allCases)
  func whatIsDamagedIsMendedWhenItIsSentAgain(harm: PackHarm) async throws {
    let digests = try await publish(contents)
    try harm.befall("\(home.path)/blobs/packs/\(try #require(packs.first))")
    _ = try await publish(contents)
    for (digest, content) in zip(digests, contents) {
      try await store.verify(digest)
      #expect(try await store.bytes(digest) == content)
    }
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    for (digest, content) in zip(digests, contents) { #expect(try await store.bytes(digest) == content) }
    for digest in digests { try await remove(digest) }
    #expect(try await index.totals().storedBytes == 0, "each is counted once")
  }

  @Test func theRoomOfThoseThatAreRemovedIsGivenBack() async throws {
    let digests = try await publish(contents)
    for digest in digests[..<30] { try await remove(digest) }
    #expect(try await store.tidyPacks(olderThan: .seconds(-10)).packs == 1)
    #expect(try await index.totals().wastedBytes == 0)
    for number in 30..<50 { #expect(try await store.bytes(digests[number]) == contents[number]) }
    for digest in digests[30...] { try await remove(digest) }
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    #expect(home.files().isEmpty)
  }

  @Test func theIndexIsFilledAgainFromThePacksAlone() async throws {
    let digests = try await publish(contents)
    for digest in digests[..<30] { try await remove(digest) }
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    let fresh = MemoryChunkIndex()
    let other = try LocalBlobStore(root: "\(home.path)/blobs", index: fresh, threads: 4, disk: Disk())
    #expect(try await other.findPacks(olderThan: .seconds(-10)) == Set(digests[30...]))
    #expect(try await fresh.totals() == index.totals())
    for number in 30..<50 { #expect(try await other.bytes(digests[number]) == contents[number]) }
  }

  @Test func manyAtOnceKeepEachContentOnce() async throws {
    try await withThrowingTaskGroup { group in
      for start in 0..<20 {
        group.addTask {
          let shifted = (0..<30).map { contents[(start * 2 + $0) % contents.count] }
          _ = try await publish(shifted)
        }
      }
      try await group.waitForAll()
    }
    let totals = try await index.totals()
    #expect(totals.contents == 50 && totals.chunks == 50)
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    for content in contents { #expect(try await store.bytes(Digest(bytes: SHA256Hasher.hash(content))) == content) }
  }
}
