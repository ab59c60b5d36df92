// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore
import TestSupport
import Testing

@testable import BlobStore

/// A process may end between any two of its changes to the disk, and the power may fail there.
struct CrashTests {
  enum Shape: String, CaseIterable, Sendable {
    case smallText, smallNoise, largeText, largeNoise, tiny

    private static let longText = Sample.text(900_000)
    private static let longNoise = Sample.noise(900_000)

    /// Another content for each number, so that all rounds of a test share one store.
    func content(_ number: Int = 0) -> [UInt8] {
      let number = UInt8(number)
      return switch self {
      case .smallText: Sample.text(20_000) + [number]
      case .smallNoise: Sample.noise(20_000) + [number]
      case .largeText: Self.longText + [number]
      case .largeNoise: Self.longNoise + [number]
      case .tiny: [number]
      }
    }

    /// Published in its final form, so that nothing is left to do for settling.
    var isSettledAtOnce: Bool { content().count <= Spool.inMemoryLimit }
  }

  let home: TemporaryDirectory
  let root: String
  let trace = DiskTrace()
  /// Outlives every crash, as a database does.
  let index = MemoryChunkIndex()
  let store: LocalBlobStore

  init() throws {
    home = try TemporaryDirectory()
    root = "\(home.path)/blobs"
    store = try LocalBlobStore(root: root, index: index, threads: 2, disk: trace.disk)
  }

  @Test(arguments: Shape.allCases)
  func anUploadKilledAtAnyStepIsWholeOrAbsent(shape: Shape) async throws {
    var kills = 0
    for step in 0..<100 {
      let content = shape.content(step)
      trace.kill(after: step)
      let wasAcknowledged = (try? await store.publish(content)) != nil
      try await assertRecovered(content, wasAcknowledged: wasAcknowledged)
      if wasAcknowledged { break }
      kills += 1
    }
    #expect((5..<100).contains(kills), "\(kills) kills")
  }

  @Test(arguments: Shape.allCases)
  func aSettlingKilledAtAnyStepLosesNothing(shape: Shape) async throws {
    var kills = 0
    for step in 0..<100 {
      let content = shape.content(step)
      trace.revive()
      let digest = try await store.publish(content).digest
      trace.kill(after: step)
      let wasSettled = (try? await store.settle(digest)) != nil
      try await assertRecovered(content, wasAcknowledged: true)
      if wasSettled { break }
      kills += 1
    }
    #expect(shape.isSettledAtOnce ? kills == 0 : (2..<100).contains(kills), "\(kills) kills")
  }

  @Test func contentsOnTheirWayTogetherAreEachWholeOrAbsentWhereverTheyAreKilled() async throws {
    var kills = 0
    for step in 0..<100 {
      let contents = (0..<20).map { Sample.noise(3000, seed: UInt64(step * 100 + $0)) }
      trace.kill(after: step)
      let results = try? await store.publish(contents.map { WholeContent(bytes: ByteBuffer(bytes: $0)) })
      for content in contents { try await assertRecovered(content, wasAcknowledged: results != nil) }
      if results != nil { break }
      kills += 1
    }
    #expect((5..<100).contains(kills), "\(kills) kills")
  }

  @Test func whatIsAcknowledgedTogetherIsDurable() async throws {
    let contents = (0..<20).map { Sample.noise(3000, seed: UInt64($0)) }
    for _ in 0..<2 {
      let blobs = try await store.publish(contents.map { WholeContent(bytes: ByteBuffer(bytes: $0)) })
      let pack = try #require(try await index.content(try blobs[0].get().digest)).pack
      #expect(DurableState(trace.steps).durableNames == [store.layout.pack(pack)])
    }
    #expect(DurableState(trace.steps).violations == [])
  }

  /// What the next process must find, and be able to do.
  private func assertRecovered(_ content: [UInt8], wasAcknowledged: Bool) async throws {
    let digest = Digest(bytes: SHA256Hasher.hash(content))
    let next = try LocalBlobStore(root: root, index: index, threads: 2, disk: Disk())
    let isThere = try await next.contains(digest)
    #expect(isThere || !wasAcknowledged)
    if isThere { #expect(try await next.bytes(digest) == content) }
    _ = try await next.sweepStaged(olderThan: .seconds(-10))
    #expect(home.files(under: "blobs/staged").isEmpty)

    #expect(try await next.publish(content).digest == digest)
    _ = try await next.settle(digest)
    #expect(try await next.bytes(digest) == content)
    let isPacked = try await index.content(digest) != nil
    #expect(home.files().count { $0.contains(digest.hex) } == (isPacked ? 0 : 1), "one form is left")
    _ = try await next.tidyPacks(olderThan: .seconds(-10))
    #expect(try await index.totals().packs == Int64(home.files(under: "blobs/packs").count), "every pack is known")
    #expect(try await next.bytes(digest) == content)
  }

  @Test func acknowledgedMeansDurable() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<200 {
        group.addTask {
          // Every content is sent twice, so that some find their name taken, by a blob that may not be durable yet.
          let size = index.isMultiple(of: 10) ? 300_000 : 3000
          let blob = try await store.publish(Sample.noise(size, seed: UInt64(index / 2)))
          let name = try #require(try store.locate(blob.digest)).path
          #expect(DurableState(trace.steps).durableNames.contains(name), "\(blob) was acknowledged too early")
        }
      }
      try await group.waitForAll()
    }
    #expect(DurableState(trace.steps).violations == [])
  }

  @Test(arguments: Shape.allCases)
  func theOldFormGoesOnceTheNewOneIsDurable(shape: Shape) async throws {
    let digest = try await store.publish(shape.content()).digest
    let codec = try await store.settle(digest).codec
    let state = DurableState(trace.steps)
    #expect(state.violations == [])
    let name =
      if let content = try await index.content(digest) {
        store.layout.pack(content.pack)
      } else {
        codec == .lz4 ? store.layout.compressed(digest) : store.layout.uncompressed(digest)
      }
    #expect(state.durableNames == [name])
  }
}
