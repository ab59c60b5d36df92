// SPDX-License-Identifier: Apache-2.0

public import BlobStore
import Domain
public import Foundation
public import Logging
public import Projections

/// Reads what is kept, a part at a time, so that within so many days everything was read: disks lose bits in silence, and what is lost is mended only
/// while somebody still has it.
public struct Scrubber: Sendable {
  /// Of one round, at least: small stores are read in few.
  private static let leastBytes: Int64 = 1 << 30
  private static let partLimit = 100

  private let blobs: any BlobStore
  private let contents: ContentViews
  private let health: StoreHealth
  private let interval: Duration
  private let logger: Logger

  /// What a round came to.
  public struct Outcome: Sendable, Equatable {
    public var contents = 0
    public var bytes: Int64 = 0
    /// Found in this round, and not known before.
    public var damaged = 0
    /// Known before, and whole again, or nobody's any more.
    public var mended = 0
  }

  /// - Parameter interval: from the beginning of one pass to the beginning of the next.
  public init(
    blobs: any BlobStore, contents: ContentViews, health: StoreHealth, interval: Duration, logger: Logger
  ) {
    self.blobs = blobs
    self.contents = contents
    self.health = health
    self.interval = interval
    self.logger = logger
  }

  /// Whether there is something to read, or to look at again.
  public static func isDue(_ health: StoreHealth, interval: Duration, now: Date = Date()) async throws -> Bool {
    let pass = try await health.pass()
    if pass.isUnderWay { return true }
    guard let start = pass.startedAt, start.addingTimeInterval(interval / .seconds(1)) > now else { return true }
    return try await health.damagedCount() > 0
  }

  /// - Parameter share: of a whole pass that a round is to read.
  public func round(share: Double, now: Date = Date()) async throws -> Outcome {
    var outcome = Outcome()
    let known = try await health.damage()
    for damage in known {
      // What was removed is no concern any more.
      let isHeld = try await contents.files(of: damage.digest) ?? 0 > 0
      if isHeld, let reason = try await reason(against: damage.digest) {
        try await health.note(damage.digest, size: damage.size, reason: reason)
      } else {
        try await health.forget(damage.digest)
        outcome.mended += 1
        logger.notice("A content that was damaged is whole again", metadata: ["digest": "\(damage.digest)"])
      }
    }
    var pass = try await health.pass()
    if !pass.isUnderWay {
      if let start = pass.startedAt, start.addingTimeInterval(interval / .seconds(1)) > now { return outcome }
      try await health.begin()
      pass = try await health.pass()
    }
    let budget = max(Self.leastBytes, Int64(Double(try await contents.totals().bytes) * share))
    var cursor = pass.cursor.flatMap { Digest($0) }
    while outcome.bytes < budget {
      let part = try await contents.held(after: cursor, limit: Self.partLimit)
      guard !part.isEmpty else {
        try await health.finish()
        break
      }
      for content in part where outcome.bytes < budget {
        try Task.checkCancellation()
        if let reason = try await reason(against: content.digest), try await contents.files(of: content.digest) ?? 0 > 0
        {
          try await health.note(content.digest, size: content.size, reason: reason)
          outcome.damaged += known.contains { $0.digest == content.digest } ? 0 : 1
          logger.error("A content is damaged", metadata: ["digest": "\(content.digest)", "reason": "\(reason)"])
        }
        outcome.contents += 1
        outcome.bytes += content.size
        cursor = content.digest
        // Each: a round that is cancelled in a large content begins with it again, and with no other.
        try await health.advance(to: content.digest, contents: 1, bytes: content.size)
      }
    }
    return outcome
  }

  /// Why a content is not whole; nil when it is.
  private func reason(against digest: Digest) async throws -> String? {
    do {
      try await blobs.verify(digest)
      return nil
    } catch let error as BlobStoreError {
      switch error {
      case .damaged, .notFound: return error.description
      default: throw error
      }
    }
  }
}
