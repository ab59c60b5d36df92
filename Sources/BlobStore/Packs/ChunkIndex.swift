// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// Knows where each chunk is, which contents are made of chunks, and how many contents need each chunk.
///
/// All processes that share the packs share it. It follows from the packs, which can fill it again; the other way round nothing is lost
/// while what it names is there. What must hold: a content that it knows has all of its chunks in it; a chunk is counted once for each content
/// that needs it; and what it names is durable.
protocol ChunkIndex: Sendable {
  /// Those of some chunks that are there.
  func known(among chunks: [Digest]) async throws -> Set<Digest>

  /// Places of those of some chunks that are there.
  func places(of chunks: [Digest]) async throws -> [Digest: ChunkPlace]

  /// Those of some contents that are made of chunks here.
  func contents(among digests: [Digest]) async throws -> [Digest: ChunkedContent]

  /// Takes in a pack: its chunks as far as they are not there, and the contents of its manifests whose chunks are all there. Doing it again
  /// changes nothing.
  /// - Parameter lost: chunks and contents whose place so far is no good any more: they are placed in this pack, if it has them.
  @discardableResult
  func admit(_ pack: PackContents, insteadOf lost: Set<Digest>) async throws -> Admission

  /// Takes in the chunks of a pack, which stays unknown itself: contents of other packs may need them before it is taken in.
  func admitChunks(of pack: PackContents, insteadOf lost: Set<Digest>) async throws

  /// Runs `body`, which may block, while the content stays uncondemned; not when it is condemned or not there.
  /// - Returns: whether it ran.
  func whileLive(
    _ digest: Digest, on threads: BlockingPool, _ body: @escaping @Sendable () throws -> Void
  ) async throws -> Bool

  /// - Returns: what the content's chunks take; nil when it is not there.
  func condemn(_ digest: Digest) async throws -> Int64?

  /// - Returns: whether it was condemned.
  func restore(_ digest: Digest) async throws -> Bool

  /// Forgets a condemned content, which no longer needs its chunks.
  /// - Returns: what the chunks take that no content needs any more; nil when the content is not condemned.
  func remove(_ digest: Digest, chunks: [Digest]) async throws -> Int64?

  /// What those of some chunks take that one content alone needs.
  func bytesOfOneContent(among chunks: [Digest]) async throws -> Int64

  /// All packs that were taken in.
  func packs() async throws -> Set<UUID>

  /// Packs taken in longer than `age` ago of which a quarter or more is needed by nothing, or placed elsewhere, the worst first.
  func wasteful(olderThan age: Duration, limit: Int) async throws -> [UUID]

  /// What is placed in any of some packs, needed or not.
  func placed(in packs: [UUID]) async throws -> Set<Digest>

  /// What of a pack is needed: chunks that are counted and placed in it, and manifests that are placed in it. In the order of their places.
  func needed(of pack: UUID) async throws -> [PackEntry]

  /// Lets what is needed of one pack be found in another, and forgets the old pack with all else that is placed in it.
  /// - Parameter copy: nil when nothing is needed.
  /// - Returns: false, and nothing happens, when more is needed than the copy holds.
  func replace(_ pack: UUID, with copy: PackContents?) async throws -> Bool

  /// Forgets a pack if nothing is placed in it.
  /// - Returns: whether it was forgotten.
  func retire(_ pack: UUID) async throws -> Bool

  func totals() async throws -> ChunkTotals

  /// Compares how many contents need each chunk of a share with the chunks that they have, in one snapshot.
  ///
  /// - Parameter chunks: the different chunks of a content; nil when that cannot be known.
  func recount(
    _ share: StoreRecount.Share, chunksOf chunks: @Sendable (Digest, ChunkedContent) async throws -> [Digest]?
  ) async throws -> StoreRecount
}

extension StoreRecount {
  /// What contents need of a share.
  struct Uses {
    let share: Share
    private(set) var counts: [Digest: Int] = [:]

    init(share: Share) { self.share = share }

    mutating func add(_ chunks: [Digest]) {
      for chunk in chunks where share.contains(chunk) { counts[chunk, default: 0] += 1 }
    }

    /// - Returns: how many contents have the chunk. It is not asked for again.
    mutating func take(_ chunk: Digest) -> Int { counts.removeValue(forKey: chunk) ?? 0 }
  }
}

/// Where a chunk is.
struct ChunkPlace: Equatable, Sendable {
  let pack: UUID
  let offset: Int64
  /// Bytes in the pack.
  let storedSize: Int
  let size: Int
  let codec: Codec
}

/// A content that is made of chunks.
struct ChunkedContent: Equatable, Sendable {
  /// What settling it said.
  let settled: SettledBlob
  let isCondemned: Bool
  /// Where its manifest is.
  let pack: UUID
  let offset: Int64
  let storedSize: Int

  /// Its manifest is implied: it is the chunk of the same digest.
  var isOneChunk: Bool { storedSize == 0 }
}

extension ChunkIndex {
  /// Nil when the content is not made of chunks here.
  func content(_ digest: Digest) async throws -> ChunkedContent? { try await contents(among: [digest])[digest] }

  @discardableResult
  func admit(_ pack: PackContents) async throws -> Admission { try await admit(pack, insteadOf: []) }
}

/// What taking in a pack came to.
struct Admission: Equatable, Sendable {
  /// Those that were not there before.
  var contents: Set<Digest> = []
  /// Stored bytes of its chunks that are placed elsewhere: others were quicker. They are waste from the beginning.
  var unplacedBytes: Int64 = 0
}
