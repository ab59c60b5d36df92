// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import Glibc

extension LocalBlobStore {
  /// How often a content is packed anew because chunks that it was to share were given up meanwhile.
  private static let attemptLimit = 5

  /// A small content is published in its final form (``LocalStagedBlob``), and nothing is left to do. Others are settled in steps,
  /// each of which may be the last before a crash:
  ///
  /// 1. The raw file is read once: hashed against its digest, and cut into chunks, of which those that the index does not know are written
  ///    into a pack in `staged`, with the manifest of the content.
  /// 2. The pack is published durably, and then taken into the index, in one transaction.
  /// 3. The raw name goes.
  ///
  /// A crash in between leaves the raw form, or both, and perhaps a pack that the index does not know: the next settling goes on
  /// from there, and ``findPacks(olderThan:)`` finds the pack.
  public func settle(_ digest: Digest) async throws -> SettledBlob {
    do {
      return try await settleOnce(digest)
    } catch {
      BlobMetrics.note(error)
      throw error
    }
  }

  private func settleOnce(_ digest: Digest) async throws -> SettledBlob {
    for _ in 0..<Self.attemptLimit {
      if let settled = try await settledBefore(digest) { return settled }
      guard let raw = try await pool.run({ try OpenFile.reading(self.layout.raw(digest)) }) else {
        // Settled by another between the two looks, or never there.
        if let settled = try await settledBefore(digest) { return settled }
        // Somebody is still at work on it, and may be about to refer to it.
        if try await pool.run({ try self.restoreFiles(digest) }) { continue }
        throw BlobStoreError.notFound(digest)
      }
      try await packs.pack(raw, digest)
    }
    throw BlobStoreError.system(operation: "settle", path: layout.raw(digest), errno: EAGAIN)
  }

  /// What was published as it is, or an earlier settling made. A raw form that is there as well is dropped.
  private func settledBefore(_ digest: Digest, attempts: Int = attemptLimit) async throws -> SettledBlob? {
    if let (settled, publication) = try await pool.run({ try self.settledFile(digest) }) {
      guard let publication else { return settled }
      // It was sent again: the occasion to see whether it is whole.
      do {
        try await verifyFile(publication.name, digest)
        try await durability.publish(publication)
        return settled
      } catch BlobStoreError.damaged {
        BlobMetrics.mended()
        try await pool.run { try self.disk.remove(publication.name) }
      }
    }
    guard let content = try await index.content(digest) else { return nil }
    if content.isCondemned {
      // Somebody is still at work on it, and may be about to refer to it.
      guard try await index.restore(digest) else { return nil }
    }
    guard try await pool.run({ access(self.layout.raw(digest), F_OK) == 0 }) else { return content.settled }
    // It was sent again: the occasion to see whether it is whole, and to mend it.
    let damaged = try await packs.damaged(digest, content)
    if damaged.isEmpty {
      try await dropRaw(digest)
      return content.settled
    }
    guard attempts > 1, let raw = try await pool.run({ try OpenFile.reading(self.layout.raw(digest)) }) else {
      throw BlobStoreError.damaged(digest, "\(damaged.count) of its chunks cannot be mended")
    }
    try await packs.pack(raw, digest, insteadOf: damaged)
    BlobMetrics.mended()
    // Looked at once more: a lost manifest names its chunks only now.
    return try await settledBefore(digest, attempts: attempts - 1)
  }

  private func settledFile(_ digest: Digest) throws -> (SettledBlob, DurabilityGroup.Publication?)? {
    let settled: SettledBlob
    let name: String
    if let file = try OpenFile.reading(layout.compressed(digest)) {
      let content = try CompressedContent(digest: digest, file: file)
      settled = SettledBlob(size: content.size, storedBytes: try file.size(), codec: .lz4)
      name = layout.compressed(digest)
    } else if let file = try OpenFile.reading(layout.uncompressed(digest)) {
      let size = try file.size()
      settled = SettledBlob(size: size, storedBytes: size, codec: .none)
      name = layout.uncompressed(digest)
    } else {
      return nil
    }
    // With no other form about, the name is as durable as a reference to the blob: the upload synced it, or found it and synced it
    // again; and if a crash has kept a settling from syncing its rename, a power cut gives back the raw form.
    guard access(layout.raw(digest), F_OK) == 0 else { return (settled, nil) }
    // The name may be one that a crashed settling never synced.
    return (
      settled,
      .init(
        origin: .present, name: name, directory: layout.settledDirectory(digest),
        obsolete: .init(path: layout.raw(digest), lock: layout.condemnationLock))
    )
  }

  /// Unless the content was condemned meanwhile: then the raw form may be what an upload relies on.
  private func dropRaw(_ digest: Digest) async throws {
    let path = layout.raw(digest)
    _ = try await index.whileLive(digest, on: pool) { [disk] in try disk.remove(path) }
  }
}
