// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore

extension LocalBlobStore {
  /// Fewer are published one by one: a pack for each of many small batches would be no fewer files, and harder to tidy up.
  private static let packedFrom = 8

  /// Contents that are new here go into one pack: one file to be synced, and one transaction, for all of them. What is kept already is looked at
  /// before it is relied on, and written anew when it is not whole.
  ///
  /// A crash before the end leaves at most a pack that the index does not know, for ``findPacks(olderThan:)`` to find.
  public func publish(_ contents: [WholeContent]) async throws -> [Result<PublishedBlob, BlobStoreError>] {
    let results = await pool.each(contents) { content in try content.identify() }.map { result in
      result.mapError { $0 as? BlobStoreError ?? .closed }
    }
    var bytes: [Digest: ByteBuffer] = [:]
    for (content, result) in zip(contents, results) {
      if case .success(let blob) = result { bytes[blob.digest] = content.bytes }
    }
    for digest in try await publish(packable: bytes) { bytes[digest] = nil }
    try await withThrowingTaskGroup { group in
      for content in bytes.values {
        group.addTask { try await self.publishAlone(content) }
      }
      try await group.waitForAll()
    }
    for case .success(let blob) in results { BlobMetrics.published(blob) }
    return results
  }

  private func publishAlone(_ content: ByteBuffer) async throws {
    let staged = LocalStagedBlob(store: self)
    do {
      try await staged.write(content)
      _ = try await staged.publish(expecting: nil)
    } catch {
      await staged.discard()
      throw error
    }
  }

  /// Whether a content is in a pack, and may be relied on: when it is not whole, it is written anew.
  func keepsInPacks(_ content: ByteBuffer, _ digest: Digest) async throws -> Bool {
    guard let known = try await index.content(digest), !known.isCondemned, known.isOneChunk else { return false }
    return try await publish(packable: [digest: content]).contains(digest)
  }

  /// - Returns: those that are durable in packs now. Others are there in another form, or condemned, or empty, or too few.
  private func publish(packable contents: [Digest: ByteBuffer]) async throws -> Set<Digest> {
    let candidates = Array(
      contents.filter { (1...Spool.inMemoryLimit).contains($0.value.readableBytes) }.keys)
    let known = try await index.contents(among: candidates)
    let (whole, damaged) = try await packs.check(known.filter { !$0.value.isCondemned && $0.value.isOneChunk })
    let unknown = candidates.filter { known[$0] == nil }
    let onTheirOwn = try await pool.run { try Set(unknown.filter { try self.locate($0) != nil }) }
    let new = damaged.union(unknown).subtracting(onTheirOwn)
    guard new.count >= Self.packedFrom || !damaged.isEmpty else { return whole }

    try await packs.pack(contents.filter { new.contains($0.key) }, insteadOf: damaged)
    for _ in damaged { BlobMetrics.mended() }
    // Others may have been quicker, and may have condemned theirs by now.
    let now = try await index.contents(among: Array(new))
    return whole.union(now.filter { !$0.value.isCondemned }.keys)
  }
}

extension WholeContent {
  /// - Throws: ``BlobStoreError/mismatch(expected:actual:)``.
  func identify() throws(BlobStoreError) -> PublishedBlob {
    var hasher = SHA256Hasher()
    hasher.update(bytes.readableBytesSpan)
    let digest = Digest(bytes: hasher.finish())
    if let expected, expected != digest { throw .mismatch(expected: expected, actual: digest) }
    return PublishedBlob(digest: digest, size: Int64(bytes.readableBytes))
  }
}
