// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import BlobStore

/// What only a store on a disk can get wrong.
struct LocalBlobStoreTests {
  let home: TemporaryDirectory
  let root: String

  init() throws {
    home = try TemporaryDirectory()
    root = "\(home.path)/blobs"
  }

  @Test func placesFollowTheLayoutAndBelongToThisUserOnly() async throws {
    let store = try LocalBlobStore(root: root)
    let text = try await store.publish(Sample.text(20_000)).digest
    let noise = try await store.publish(Sample.noise(20_000)).digest
    let raw = try await store.publish(Sample.noise(300_000)).digest
    let files = [
      "raw/\(raw.hex.prefix(2))/\(raw.hex)", "settled/\(text.hex.prefix(2))/\(text.hex).lz4",
      "settled/\(noise.hex.prefix(2))/\(noise.hex)",
    ]
    #expect(home.files(under: "blobs") == files.sorted())
    for file in files { #expect(try permissions(file) == 0o600) }
    for directory in ["", "staged", "raw", "raw/00", "settled", "settled/ff", "packs/ff"] {
      #expect(try permissions(directory) == 0o700, "\(directory)")
    }
  }

  private func permissions(_ path: String) throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: "\(root)/\(path)")[.posixPermissions] as? Int
  }

  @Test func aStoreOpensWhatAnotherWrote() async throws {
    let digest = try await LocalBlobStore(root: root).publish([1, 2, 3]).digest
    #expect(try await LocalBlobStore(root: root).bytes(digest) == [1, 2, 3])
  }

  @Test func aSmallDuplicateIsNeverWritten() async throws {
    let trace = DiskTrace()
    let store = try LocalBlobStore(root: root, disk: trace.disk)
    _ = try await store.publish(Sample.noise(60_000))
    trace.forget()
    _ = try await store.publish(Sample.noise(60_000))
    #expect(trace.steps.count == 1, "only the directory is synced: \(trace.steps)")
  }

  @Test(arguments: [[], [1], Sample.text(20_000), Sample.noise(20_000)])
  func aSmallContentIsPublishedInItsFinalForm(content: [UInt8]) async throws {
    let trace = DiskTrace()
    let store = try LocalBlobStore(root: root, disk: trace.disk)
    let digest = try await store.publish(content).digest
    trace.forget()
    let settled = try await store.settle(digest)
    #expect(trace.steps == [], "settling has nothing to do")
    #expect(try await MemoryBlobStore().settledAfterPublishing(content) == settled)
    #expect(try await store.bytes(digest) == content)
  }

  @Test(arguments: [Sample.text(20_000), Sample.noise(20_000)])
  func aSmallRawBlobOfAnEarlierVersionIsSettled(content: [UInt8]) async throws {
    let store = try LocalBlobStore(root: root)
    let digest = Digest(bytes: SHA256Hasher.hash(content))
    try Data(content).write(to: URL(filePath: store.layout.raw(digest)))
    #expect(try await store.publish(content).digest == digest)
    #expect(try await store.settle(digest).size == Int64(content.count))
    #expect(home.files().map { $0.hasSuffix(".pack") } == [true], "the raw form went: \(home.files())")
    #expect(try await store.bytes(digest) == content)
  }

  @Test func aLongBodyIsWrittenInParts() async throws {
    let trace = DiskTrace()
    let store = try LocalBlobStore(root: root, disk: trace.disk)
    let staged = try await store.stage()
    for _ in 0..<100 { try await staged.write(ByteBuffer(bytes: Sample.noise(30_000))) }
    let writes = trace.steps.filter { if case .write = $0 { true } else { false } }
    #expect((10...14).contains(writes.count), "\(writes.count) writes for 3 MB")
    await staged.discard()
    #expect(home.files().isEmpty)
  }

  @Suite struct Damage {
    let home: TemporaryDirectory
    let store: LocalBlobStore

    init() throws {
      home = try TemporaryDirectory()
      store = try LocalBlobStore(root: "\(home.path)/blobs")
    }

    @Test(arguments: [Sample.text(600_000), Sample.noise(600_000)], [false, true])
    func aFlippedBitIsReportedWithTheDigest(content: [UInt8], settled: Bool) async throws {
      let digest = try await store.publish(content).digest
      if settled { _ = try await store.settle(digest) }
      try await damage(digest) { bytes in bytes[bytes.count / 3] ^= 4 }
      await expectDamaged(digest) { try await store.bytes(digest) }
    }

    @Test(arguments: [Sample.text(600_000), Sample.noise(600_000)], [false, true])
    func aTruncatedFileIsReportedWithTheDigest(content: [UInt8], settled: Bool) async throws {
      let digest = try await store.publish(content).digest
      if settled { _ = try await store.settle(digest) }
      try await damage(digest) { bytes in bytes.removeLast(bytes.count / 2) }
      await expectDamaged(digest) { try await store.bytes(digest) }
    }

    @Test func aFileThatHasBecomeEmptyIsReported() async throws {
      let digest = try await store.publish([7]).digest
      try await damage(digest) { bytes in bytes = [] }
      await expectDamaged(digest) { try await store.bytes(digest) }
    }

    @Test(arguments: [Sample.text(600_000), Sample.noise(600_000)])
    func aRangeOfASettledBlobIsVerified(content: [UInt8]) async throws {
      let digest = try await store.publish(content).digest
      _ = try await store.settle(digest)
      try await damage(digest) { bytes in bytes[100] ^= 4 }
      await expectDamaged(digest) { try await store.bytes(digest, range: 10..<20) }
      #expect(try await store.bytes(digest, range: 599_990..<600_000).count == 10, "other chunks are still readable")
    }

    @Test func aDamagedBlobIsNotSettledAndStays() async throws {
      let digest = try await store.publish(Sample.text(600_000)).digest
      try await damage(digest) { bytes in bytes[5] ^= 4 }
      await expectDamaged(digest) { try await store.settle(digest) }
      #expect(home.files() == ["blobs/raw/\(digest.hex.prefix(2))/\(digest.hex)"])
    }

    private func damage(_ digest: Digest, _ change: (inout [UInt8]) -> Void) async throws {
      let pack = try await store.index.content(digest).map { store.layout.pack($0.pack) }
      let path = try #require(try pack ?? store.locate(digest)?.path)
      var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      change(&bytes)
      try Data(bytes).write(to: URL(filePath: path))
    }

    private func expectDamaged<Result>(_ digest: Digest, _ body: () async throws -> Result) async {
      do {
        _ = try await body()
        Issue.record("the damage was not found")
      } catch BlobStoreError.damaged(digest, _) {
      } catch {
        Issue.record("another error: \(error)")
      }
    }
  }
}

extension MemoryBlobStore {
  fileprivate func settledAfterPublishing(_ content: [UInt8]) async throws -> SettledBlob {
    try await settle(publish(content).digest)
  }
}
