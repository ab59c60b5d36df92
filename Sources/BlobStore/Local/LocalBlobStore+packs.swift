// SPDX-License-Identifier: Apache-2.0

public import Domain
public import NIOCore

extension LocalBlobStore {
  /// What all packs hold together.
  public func chunkTotals() async throws -> ChunkTotals { try await index.totals() }

  public func readTogether(_ digests: [Digest]) async throws -> [Digest: ByteBuffer] {
    try await packs.readTogether(digests)
  }

  public func tidyPacks(olderThan age: Duration) async throws -> Tidying { try await packs.tidyPacks(olderThan: age) }

  public func findPacks(olderThan age: Duration) async throws -> Set<Digest> {
    try await packs.findPacks(olderThan: age)
  }
}

extension LocalBlobStore: ExaminedBlobStore {
  public func checkPacks() async throws -> [PackFinding] { try await packs.checkPacks() }

  public func repairPacks() async throws { try await packs.repairPacks() }

  public func recount(_ share: StoreRecount.Share) async throws -> StoreRecount { try await packs.recount(share) }
}
