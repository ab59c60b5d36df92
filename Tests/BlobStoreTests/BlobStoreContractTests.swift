// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import Domain
import NIOCore
import TestSupport
import Testing

/// What every blob store promises, asked of each.
@Suite(.serialized) struct BlobStoreContractTests {
  /// Around the limits: nothing, a byte, a block of a disk, a block of LZ4, which is what stays in memory.
  static let sizes = [0, 1, 4096, 4097, 65_536, 65_537, 262_144, 262_145, 1_000_001]

  @Test(arguments: StoreUnderTest.all, sizes)
  func publishedBytesComeBack(kind: StoreUnderTest, size: Int) async throws {
    let (store, home) = try kind.open()
    for content in [Sample.text(size), Sample.noise(size)] {
      let blob = try await store.publish(content)
      #expect(blob.size == Int64(size))
      #expect(blob.digest.bytes == SHA256Hasher.hash(content))
      #expect(try await store.contains(blob.digest))
      #expect(try await store.size(of: blob.digest) == Int64(size))
      #expect(try await store.bytes(blob.digest) == content)
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all, sizes)
  func settledBytesComeBack(kind: StoreUnderTest, size: Int) async throws {
    let (store, home) = try kind.open()
    for content in [Sample.text(size), Sample.noise(size)] {
      let digest = try await store.publish(content).digest
      let settled = try await store.settle(digest)
      #expect(settled.size == Int64(size))
      #expect(settled.storedBytes <= settled.size)
      #expect(try await store.settle(digest) == settled, "settling again changes nothing")
      #expect(try await store.size(of: digest) == Int64(size))
      #expect(try await store.bytes(digest) == content)
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func onlyWhatSavesABlockIsCompressed(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let noise = try await store.publish(Sample.noise(100_000)).digest
    #expect(try await store.settle(noise) == SettledBlob(size: 100_000, storedBytes: 100_000, codec: .none))
    let short = try await store.publish(Sample.text(4096)).digest
    // In a pack there are no blocks to be saved.
    let isOnItsOwn = try await store.settle(short).codec == .none
    #expect(isOnItsOwn != kind.settlesAtOnce)
    let text = try await store.publish(Sample.text(100_000)).digest
    let settled = try await store.settle(text)
    #expect(settled.codec == .lz4)
    #expect(settled.storedBytes < 5000)
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func rangesEqualTheOriginalsInBothForms(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let content = Sample.text(400_000) + Sample.noise(400_000)
    let digest = try await store.publish(content).digest
    let ranges: [Range<Int64>] = [0..<0, 0..<1, 5..<262_145, 262_143..<262_145, 262_144..<524_288, 799_999..<800_000]
    for _ in ["raw", "settled"] {
      for range in ranges {
        let bytes = try await store.bytes(digest, range: range)
        #expect(bytes == Array(content[Int(range.lowerBound)..<Int(range.upperBound)]), "\(range)")
      }
      _ = try await store.settle(digest)
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func aRangeOutsideIsRefused(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let digest = try await store.publish([1, 2, 3]).digest
    await #expect(throws: BlobStoreError.rangeOutside(2..<4, size: 3)) { try await store.read(digest, range: 2..<4) }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func anUnknownDigestIsNotFound(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let digest = Digest(bytes: SHA256Hasher.hash([]))
    #expect(try await !store.contains(digest))
    await #expect(throws: BlobStoreError.notFound(digest)) { try await store.size(of: digest) }
    await #expect(throws: BlobStoreError.notFound(digest)) { try await store.read(digest) }
    await #expect(throws: BlobStoreError.notFound(digest)) { try await store.settle(digest) }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func nothingIsVisibleBeforeFinish(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let content = Sample.noise(300_000)
    let digest = Digest(bytes: SHA256Hasher.hash(content))
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(bytes: content))
    #expect(try await !store.contains(digest))
    await staged.discard()
    await staged.discard()
    #expect(try await !store.contains(digest))
    await #expect(throws: BlobStoreError.closed) { try await staged.finish() }
    await #expect(throws: BlobStoreError.closed) { try await staged.write(ByteBuffer(bytes: [1])) }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all, [100, 300_000])
  func bytesThatAreNotTheStatedOnesAreNeverVisible(kind: StoreUnderTest, size: Int) async throws {
    let (store, home) = try kind.open()
    let content = Sample.noise(size)
    let stated = Digest(bytes: SHA256Hasher.hash([1]))
    let actual = Digest(bytes: SHA256Hasher.hash(content))
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(bytes: content))
    await #expect(throws: BlobStoreError.mismatch(expected: stated, actual: actual)) {
      try await staged.finish(expecting: stated)
    }
    await staged.discard()
    #expect(try await !store.contains(actual))
    #expect(try await !store.contains(stated))
    if let home { #expect(home.files().isEmpty) }
  }

  @Test(arguments: StoreUnderTest.all)
  func finishingTwiceIsRefusedAndDiscardAfterwardsKeepsTheBlob(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(bytes: [1, 2, 3]))
    let digest = try await staged.finish().digest
    await #expect(throws: BlobStoreError.closed) { try await staged.finish() }
    await staged.discard()
    #expect(try await store.bytes(digest) == [1, 2, 3])
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all, [8192, 200_000])
  func aHundredFinishesOfOneContentGiveOneBlob(kind: StoreUnderTest, size: Int) async throws {
    let (store, home) = try kind.open()
    let content = Sample.noise(size)
    let published = try await withThrowingTaskGroup(of: PublishedBlob.self) { group in
      for _ in 0..<100 { group.addTask { try await store.publish(content) } }
      return try await group.reduce(into: Set<Digest>()) { $0.insert($1.digest) }
    }
    #expect(published == [Digest(bytes: SHA256Hasher.hash(content))])
    for digest in published { #expect(try await store.bytes(digest) == content) }
    try await kind.expectOneBlob(in: store, home)
  }

  @Test(arguments: StoreUnderTest.all)
  func uploadsSettlesAndReadsOfOneContentDoNotDisturbEachOther(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let content = Sample.text(300_000)
    let digest = try await store.publish(content).digest
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<60 {
        group.addTask {
          switch index % 3 {
          case 0: _ = try await store.publish(content)
          case 1: #expect(try await store.settle(digest).codec == .lz4)
          default: #expect(try await store.bytes(digest) == content)
          }
        }
      }
      try await group.waitForAll()
    }
    _ = try await store.settle(digest)
    #expect(try await store.bytes(digest) == content)
    try await kind.expectOneBlob(in: store, home)
  }

  @Test(arguments: StoreUnderTest.all)
  func aReaderThatOpenedTheRawFormGoesOnWhileItSettles(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    for content in [Sample.text(1_000_000), Sample.noise(1_000_000)] {
      let digest = try await store.publish(content).digest
      var iterator = try await store.read(digest).makeAsyncIterator()
      var bytes = try #require(try await iterator.next()).readableBytesView.map { $0 }
      _ = try await store.settle(digest)
      while let buffer = try await iterator.next() { bytes += buffer.readableBytesView }
      #expect(bytes == content)
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func contentsThatArePublishedTogetherAreLikeThosePublishedAlone(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let contents =
      (0..<40).map { Sample.noise(500 + $0, seed: UInt64($0)) } + [[], Sample.text(5000), Sample.noise(300_000)]
    // Twice, and some of them were there before.
    for content in contents[..<5] { _ = try await store.publish(content) }
    let together = (contents + contents).map { WholeContent(bytes: ByteBuffer(bytes: $0)) }
    let blobs = try await store.publish(together).map { try $0.get() }
    for (content, blob) in zip(contents + contents, blobs) {
      #expect(blob == PublishedBlob(digest: Digest(bytes: SHA256Hasher.hash(content)), size: Int64(content.count)))
      #expect(try await store.size(of: blob.digest) == Int64(content.count))
      #expect(try await store.bytes(blob.digest) == content)
      let settled = try await store.settle(blob.digest)
      #expect(settled.size == Int64(content.count) && settled.storedBytes <= settled.size)
      #expect(try await store.bytes(blob.digest) == content)
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func oneOfManyThatIsNotWhatWasStatedIsLeftOutAlone(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let contents = (0..<20).map { Sample.noise(500, seed: UInt64($0)) }
    let digests = contents.map { Digest(bytes: SHA256Hasher.hash($0)) }
    let results = try await store.publish(
      contents.enumerated().map { number, content in
        WholeContent(bytes: ByteBuffer(bytes: content), expected: digests[number == 3 ? 4 : number])
      })
    for (number, result) in results.enumerated() {
      if number == 3 {
        #expect(throws: BlobStoreError.mismatch(expected: digests[4], actual: digests[3])) { try result.get() }
        #expect(try await !store.contains(digests[3]))
      } else {
        #expect(try result.get().digest == digests[number])
        #expect(try await store.bytes(digests[number]) == contents[number])
      }
    }
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func sweepingTakesWhatNobodyWritesAnyMore(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let kept = try await store.publish([7]).digest
    let staged = try await store.stage()
    try await staged.write(ByteBuffer(bytes: Sample.noise(300_000)))
    #expect(try await store.sweepStaged(olderThan: .seconds(3600)) == 0)
    // A negative age: everything written before a moment that is still to come.
    #expect(try await store.sweepStaged(olderThan: .seconds(-10)) == 1)
    #expect(try await store.sweepStaged(olderThan: .seconds(-10)) == 0)
    await #expect(throws: BlobStoreError.self) { try await staged.finish() }
    #expect(try await store.bytes(kept) == [7])
    withExtendedLifetime(home) {}
  }
}
