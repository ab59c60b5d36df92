// SPDX-License-Identifier: Apache-2.0

public import BlobStore
import Domain
import Foundation
import NIOCore
import Synchronization
import Testing

/// Blobs whose last reference is gone are removed while they are uploaded again, as whoever collects garbage removes them: references are as a
/// log has them, appended some time after the publication, and the grace lasts until every publication is over that had begun before it.
/// Packs are tidied up all the while.
public enum DeletionTrial {
  /// - Parameter contents: each is removed and uploaded again by a task of its own.
  public static func run(
    _ store: any BlobStore, _ contents: [[UInt8]], rounds: Int, seed: UInt64
  ) async throws -> Outcomes {
    let isOver = Mutex(false)
    async let tidying: Void = {
      while !isOver.withLock({ $0 }) {
        _ = try await store.tidyPacks(olderThan: .milliseconds(200))
        await Task.yield()
      }
    }()
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
    isOver.withLock { $0 = true }
    try await tidying
    return outcomes
  }

  public struct Outcomes: Sendable {
    public var restored = 0, removed = 0, copied = 0

    fileprivate static func += (left: inout Outcomes, right: Outcomes) {
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
