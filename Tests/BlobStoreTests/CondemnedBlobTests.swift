// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Foundation
import Synchronization
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
      let storedBytes = settled ? try await store.settle(digest).storedBytes : Int64(content.count)
      for time in ["first", "second"] { #expect(try await store.condemn(digest) == storedBytes, "the \(time) time") }
      #expect(try await store.contains(digest))
      #expect(try await store.size(of: digest) == Int64(content.count))
      #expect(try await store.bytes(digest) == content)
      #expect(try await store.removeCondemned(digest) == storedBytes)
      #expect(try await !store.contains(digest))
      await #expect(throws: BlobStoreError.notFound(digest)) { try await store.read(digest) }
      #expect(try await store.removeCondemned(digest) == 0)
    }
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
      #expect(try await store.removeCondemned(digest) == 0)
      #expect(try await store.bytes(digest) == content)
      let (fresh, freshHome) = try kind.open()
      #expect(try await store.settle(digest) == fresh.settle(fresh.publish(content).digest))
      withExtendedLifetime(freshHome) {}
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
    #expect(try await store.removeCondemned(digest) == Int64(size))
    #expect(try await store.bytes(digest) == content, "the copy of the later upload")
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
    #expect(try await store.removeCondemned(digest) == 0)
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
    let rounds = ProcessInfo.processInfo.environment["ROUNDS"].flatMap(Int.init) ?? (home == nil ? 4000 : 1000)
    let seed = UInt64.random(in: 0...UInt64.max)
    print("noReferenceIsEverLeftWithoutItsBytes(\(kind)): rounds \(rounds), seed \(seed)")
    let contents = (0..<8).map { $0 % 2 == 0 ? Sample.text(6000 + $0) : Sample.noise(70_000 + $0) }
    let outcomes = try await withThrowingTaskGroup(of: Outcomes.self) { group in
      for (number, content) in contents.enumerated() {
        group.addTask {
          var random = SeededGenerator(seed: seed &+ UInt64(number))
          var outcomes = Outcomes()
          for _ in 0..<rounds / contents.count {
            outcomes += try await Self.round(content, store, &random)
          }
          return outcomes
        }
      }
      return try await group.reduce(into: Outcomes()) { $0 += $1 }
    }
    print("  restored \(outcomes.restored), removed \(outcomes.removed), kept a copy of their own \(outcomes.copied)")
    #expect(outcomes.restored > 0 && outcomes.removed > 0 && outcomes.copied > 0, "everything met everything")
    withExtendedLifetime(home) {}
  }

  private struct Outcomes {
    var restored = 0, removed = 0, copied = 0

    static func += (left: inout Outcomes, right: Outcomes) {
      left.restored += right.restored
      left.removed += right.removed
      left.copied += right.copied
    }
  }

  /// A blob whose last reference is gone is removed while it is uploaded again, and perhaps settled.
  private static func round(
    _ content: [UInt8], _ store: any BlobStore, _ random: inout SeededGenerator
  ) async throws -> Outcomes {
    let digest = try await store.publish(content).digest
    if random.next() % 2 == 0 { _ = try await store.settle(digest) }
    let references = Mutex(0)
    let isCondemned = Mutex(false)
    /// Nil before the upload begins.
    let beganAfter = Mutex<Bool?>(nil)
    let delays = (0..<4).map { _ in random.next() % 40 }
    let settles = random.next() % 3 == 0

    async let upload: Void = {
      await pause(delays[0])
      beganAfter.withLock { [known = isCondemned.withLock { $0 }] in $0 = known }
      _ = try await store.publish(content)
      await pause(delays[1])
      references.withLock { $0 += 1 }
    }()
    async let settling: Void = {
      await pause(delays[2])
      if settles { _ = try? await store.settle(digest) }
    }()
    await pause(delays[3])
    _ = try await store.condemn(digest)
    isCondemned.withLock { $0 = true }

    // The grace: what had begun before it is over. An upload that began later is not waited for.
    await settling
    if beganAfter.withLock({ $0 }) == false { try await upload }
    var outcomes = Outcomes()
    if references.withLock({ $0 }) > 0 {
      outcomes.restored += 1
      try await store.restore(digest)
    } else {
      outcomes.removed += 1
      _ = try await store.removeCondemned(digest)
    }
    try await upload
    if beganAfter.withLock({ $0 }) == true { outcomes.copied += 1 }
    #expect(try await store.bytes(digest) == content, "the reference has its bytes")
    _ = try await store.condemn(digest)
    _ = try await store.removeCondemned(digest)
    #expect(try await !store.contains(digest))
    return outcomes
  }

  /// A few turns of other tasks, or up to four milliseconds: as long as a publication takes.
  private static func pause(_ delay: UInt64) async {
    if delay % 2 == 0 {
      for _ in 0..<delay { await Task.yield() }
    } else {
      try? await Task.sleep(for: .microseconds(delay * 100))
    }
  }
}
