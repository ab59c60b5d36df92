// SPDX-License-Identifier: Apache-2.0

public import BlobStore
public import Domain
public import EventStore
public import Foundation
public import Logging
public import Postgres

/// Removes the bytes of contents that have lost their last file: of those that were offered to it, and of all whose files the log says were
/// removed.
///
/// A content is condemned when the read tables know of no file that has it. Uploads do not rely on its blob from then on; but one that
/// had found the blob just before may be about to append its event. So the log itself is asked again after the grace, and then the blob is
/// restored or removed, and `content.reclaimed` appended. The grace must be longer than any upload takes from finding a blob to its event,
/// and than any settling of a blob: some seconds as a rule.
///
/// Any number of processes may run it: a candidate's row is locked while it is worked on.
public struct Reclaimer: Sendable {
  /// Candidates of one pass, so that a pass holds its locks for a bounded time.
  private static let batch = 1000

  private let pool: PostgresPool
  private let log: PostgresEventLog
  private let blobs: any BlobStore
  public let grace: Duration
  private let logger: Logger

  public init(
    pool: PostgresPool, log: PostgresEventLog, blobs: any BlobStore, grace: Duration,
    logger: Logger = Logger(label: "onefold.reclaimer")
  ) {
    self.pool = pool
    self.log = log
    self.blobs = blobs
    self.grace = grace
    self.logger = logger
  }

  /// Whether a pass would find anything.
  public static func isDue(in pool: PostgresPool, grace: Duration) async throws -> Bool {
    try await pool.query(isDue(after: grace)).first?.decode(0) ?? false
  }

  /// Offers contents of which nobody knows whether a file has them.
  public func offer(_ digests: Set<Digest>) async throws {
    if digests.isEmpty { return }
    _ = try await pool.execute(Self.offer(digests.map(\.description).sorted()))
  }

  /// What a pass did. Bytes are those on the disk.
  public struct Outcome: Equatable, Sendable {
    public var restored = 0, removed = 0
    public var removedBytes: Int64 = 0

    public var isNothing: Bool { restored + removed == 0 }
  }

  /// Where a content stands on its way out.
  public struct Candidate: Sendable, Equatable {
    /// Nil: it was offered, and is looked at in the next pass.
    public var condemnedAt: Date?
    public var condemnedBytes: Int64
  }

  /// Nil for a content that nobody has offered.
  public func candidate(_ digest: Digest) async throws -> Candidate? {
    guard let row = try await pool.query(Self.candidate(digest.description)).first else { return nil }
    let (at, bytes) = try row.decode((Date?, Int64).self)
    return Candidate(condemnedAt: at, condemnedBytes: bytes)
  }

  /// Offers the contents of files removed since the last time, condemns what can be, and concludes what was condemned long enough ago.
  ///
  /// - Throws: the database's error. Trouble with one blob is logged, and that blob is tried again with the next pass.
  @discardableResult
  public func pass() async throws -> Outcome {
    try await offerRemoved()
    try await condemn()
    return try await conclude()
  }

  /// Offers every content of which a file was removed since the last time.
  private func offerRemoved() async throws {
    var isBehind = true
    while isBehind {
      isBehind = try await pool.transaction { connection in
        let progress = try await connection.query(Self.lockProgress).first?.decode((Int64, Int64).self)
        guard let (from, head) = progress, from < head else { return false }
        let removed = try await connection.query(Self.removed(after: from, upTo: head, limit: Self.batch)).decode(
          (Int64, String).self)
        // Where there are more, from the last of these on.
        let isBehind = removed.count == Self.batch
        _ = try await connection.pipeline([
          Self.offer(Set(removed.map(\.1)).sorted()), Self.progress(to: isBehind ? removed.last?.0 ?? head : head),
        ])
        return isBehind
      }
    }
  }

  /// Condemns every offered content that no file has, as far as the read tables know.
  public func condemn() async throws {
    var count = 0
    repeat {
      count = try await pool.transaction { connection in
        var judged = 0
        for row in try await connection.query(Self.lockOffered(limit: Self.batch)) {
          let (text, files) = try row.decode((String, Int64).self)
          if try await judge(text, files, on: connection) { judged += 1 }
        }
        return judged
      }
    } while count > 0
  }

  /// Restores or removes what was condemned longer than ``grace`` ago. Reads the log's uploads and removals once for a thousand of them.
  public func conclude() async throws -> Outcome {
    var outcome = Outcome()
    var count = 0
    repeat {
      let before = outcome
      let position = try await pool.transaction { connection in try await concludeDue(&outcome, on: connection) }
      if let position { log.wakeUp.announce(position) }
      count = outcome.restored + outcome.removed - before.restored - before.removed
    } while count == Self.batch
    return outcome
  }

  /// Condemned bytes of these contents, and how many of them are not judged yet.
  func standing(of digests: [Digest]) async throws -> (condemnedBytes: Int64, undecided: Int64) {
    let rows = try await pool.query(Self.standing(of: digests.map(\.description)))
    guard let (bytes, undecided) = try rows.first?.decode((Int64, Int64).self) else { return (0, 0) }
    return (bytes, undecided)
  }

  private func concludeDue(_ outcome: inout Outcome, on connection: PostgresConnection) async throws -> Position? {
    let due = try await connection.query(Self.lockDue(after: grace, limit: Self.batch)).decode((String, Int64).self)
    guard !due.isEmpty else { return nil }
    // It reads much of the log, and nobody waits for it but another who looks after the same contents.
    let results = try await connection.pipeline([
      "SELECT set_config('statement_timeout', '0', true)", Self.referenced(among: due.map(\.0)),
    ])
    let referenced = Set(try results[1].map { try $0.decode(0, as: String.self) })
    var reclaimed: [StreamAppend] = []
    for (text, bytes) in due {
      let isReferenced = referenced.contains(text)
      if let append = try await conclude(text, bytes, isReferenced: isReferenced, &outcome, on: connection) {
        reclaimed.append(append)
      }
    }
    return reclaimed.isEmpty ? nil : try await log.append(reclaimed, in: connection).last
  }

  /// - Returns: whether there is nothing more to judge about it.
  private func judge(_ text: String, _ files: Int64, on connection: PostgresConnection) async throws -> Bool {
    // A content that somebody has is offered again by whoever takes its last file away.
    var judgement = Self.withdraw(text)
    if let digest = Digest(text), files == 0 {
      do {
        let bytes = try await blobs.condemn(digest)
        if try await blobs.contains(digest) { judgement = Self.condemn(text, bytes: bytes) }
      } catch let error as BlobStoreError {
        logger.warning("A blob cannot be condemned", metadata: ["digest": "\(digest)", "error": "\(error)"])
        return false
      }
    }
    _ = try await connection.execute(judgement)
    return true
  }

  /// - Returns: what is to be told, when the bytes are gone.
  private func conclude(
    _ text: String, _ bytes: Int64, isReferenced: Bool, _ outcome: inout Outcome, on connection: PostgresConnection
  ) async throws -> StreamAppend? {
    guard let digest = Digest(text) else { return nil }
    do {
      if isReferenced {
        try await blobs.restore(digest)
        _ = try await connection.execute(Self.withdraw(text))
        outcome.restored += 1
        return nil
      }
      let removedBytes = try await blobs.removeCondemned(digest)
      if try await blobs.contains(digest) {
        // A copy that was published or restored since: of an upload that is under way, or was cut off. From the beginning.
        _ = try await connection.execute(Self.offerAgain(text))
        guard removedBytes != nil else { return nil }
      } else {
        // Also when an earlier conclusion was cut off after the removal: then it is told now.
        _ = try await connection.execute(Self.withdraw(text))
      }
      outcome.removed += 1
      // What it shared with others stays, so they can be fewer than were condemned.
      let storedBytes = removedBytes ?? bytes
      outcome.removedBytes += storedBytes
      let event = try NewEvent(ContentReclaimed(digest: digest, storedBytes: storedBytes))
      return StreamAppend(stream: StreamName(category: "content", id: digest.hex), expected: .any, events: [event])
    } catch let error as BlobStoreError {
      logger.warning("A blob cannot be removed", metadata: ["digest": "\(digest)", "error": "\(error)"])
      return nil
    }
  }
}
