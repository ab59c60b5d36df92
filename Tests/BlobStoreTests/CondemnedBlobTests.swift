// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Testing
import TestSupport

/// How blobs are removed while they may be uploaded again, asked of each store.
@Suite(.serialized) struct CondemnedBlobTests {
  /// Forms that a blob may be in: of each, whether it was settled.
  static let forms = [false, true]

  @Test(arguments: StoreUnderTest.all, forms)
  func aCondemnedBlobIsReadUntilItIsRemoved(kind: StoreUnderTest, settled: Bool) async throws {
    let (store, home) = try kind.open()
    for content in [[], [7], Sample.text(300_000), Sample.noise(300_000)] {
      let digest = try await store.publish(content).digest
      let isFinal = settled || kind.settlesAtOnce
      let storedBytes = isFinal ? try await store.settle(digest).storedBytes : Int64(content.count)
      for time in ["first", "second"] { #expect(try await store.condemn(digest) == storedBytes, "the \(time) time") }
      #expect(try await store.contains(digest))
      #expect(try await store.size(of: digest) == Int64(content.count))
      #expect(try await store.bytes(digest) == content)
      #expect(try await store.removeCondemned(digest) == storedBytes)
      #expect(try await !store.contains(digest))
      await #expect(throws: BlobStoreError.notFound(digest)) { try await store.read(digest) }
      #expect(try await store.removeCondemned(digest) == nil)
    }
    _ = try await store.tidyPacks(olderThan: .seconds(-10))
    if let home { #expect(home.files().isEmpty) }
  }

  @Test(arguments: StoreUnderTest.all, forms)
  func aRestoredBlobIsAsItWas(kind: StoreUnderTest, settled: Bool) async throws {
    let (store, home) = try kind.open()
    for content in [[7], Sample.text(300_000), Sample.noise(300_000)] {
      let digest = try await store.publish(content).digest
      if settled { _ = try await store.settle(digest) }
      let files = home?.files()
      _ = try await store.condemn(digest)
      try await store.restore(digest)
      try await store.restore(digest)
      #expect(home?.files() == files)
      #expect(try await store.removeCondemned(digest) == nil)
      #expect(try await store.bytes(digest) == content)
      #expect(try await store.settle(digest).size == Int64(content.count))
    }
  }

  @Test(arguments: StoreUnderTest.all, [100, 300_000])
  func anUploadDoesNotRelyOnACondemnedBlob(kind: StoreUnderTest, size: Int) async throws {
    let (store, home) = try kind.open()
    let content = Sample.noise(size)
    let digest = try await store.publish(content).digest
    _ = try await store.settle(digest)
    _ = try await store.condemn(digest)
    _ = try await store.publish(content)
    #expect(try await store.removeCondemned(digest) == (kind.settlesAtOnce ? nil : Int64(size)))
    #expect(try await store.bytes(digest) == content, "the copy of the later upload, or what it has restored")
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all, forms)
  func settlingACondemnedBlobRestoresIt(kind: StoreUnderTest, settled: Bool) async throws {
    let (store, home) = try kind.open()
    let content = Sample.text(300_000)
    let digest = try await store.publish(content).digest
    if settled { _ = try await store.settle(digest) }
    _ = try await store.condemn(digest)
    #expect(try await store.settle(digest).codec == .lz4)
    #expect(try await store.removeCondemned(digest) == nil)
    #expect(try await store.bytes(digest) == content)
    withExtendedLifetime(home) {}
  }

  @Test(arguments: StoreUnderTest.all)
  func whatIsNotThereIsNeitherCondemnedNorRestored(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    let digest = Digest(bytes: [UInt8](repeating: 9, count: 32))
    #expect(try await store.condemn(digest) == 0)
    try await store.restore(digest)
    #expect(try await !store.contains(digest))
    withExtendedLifetime(home) {}
  }

  /// The whole protocol, as whoever collects garbage follows it, against uploads of the same contents: references as a log has them,
  /// appended some time after the publication, and a grace that lasts until every publication is over that had begun before it.
  @Test(arguments: StoreUnderTest.all)
  func noReferenceIsEverLeftWithoutItsBytes(kind: StoreUnderTest) async throws {
    let (store, home) = try kind.open()
    // A disk takes its time.
    let (rounds, seed, start) = (Trials.count(kind.trialRounds), Trials.seed(), ContinuousClock.now)
    let contents = (0..<8).map { number in
      switch number % 4 {
      case 0, 2: Sample.text(6000 + number)
      case 1: Sample.noise(70_000 + number)
      default: Sample.noise(270_000 + number)
      }
    }
    let outcomes = try await DeletionTrial.run(store, contents, rounds: rounds, seed: seed)
    Trials.held(
      32, "\(rounds) rounds (\(kind.testDescription))", seed: seed, since: start, "restored \(outcomes.restored)",
      "removed \(outcomes.removed)", "kept a copy of their own \(outcomes.copied)")
    #expect(outcomes.restored > 0 && outcomes.removed > 0, "everything met everything")
    #expect(outcomes.copied > 0 || kind.settlesAtOnce)
    withExtendedLifetime(home) {}
  }
}
