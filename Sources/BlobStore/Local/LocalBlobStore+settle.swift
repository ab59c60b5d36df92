// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain

extension LocalBlobStore {
  /// Settling in steps, each of which may be the last before a crash:
  ///
  /// 1. The raw file is read once: hashed against its digest, and compressed into `staged` as far as that is worthwhile.
  /// 2. Compressed: it is published durably under `settled`, and then the raw name goes. Not worthwhile: the raw file is renamed
  ///    into `settled`, durably.
  ///
  /// A crash in between leaves the raw form, or both; the next settling goes on from there.
  public func settle(_ digest: Digest) async throws -> SettledBlob {
    if let settled = try await pool.run({ try self.existing(digest) }) { return settled }
    guard let raw = try await pool.run({ try OpenFile.reading(self.layout.raw(digest)) }) else {
      // Settled by another in the meantime, or never there.
      guard let settled = try await pool.run({ try self.existing(digest) }) else {
        throw BlobStoreError.notFound(digest)
      }
      return settled
    }
    let draft = SettlingDraft(digest: digest, raw: raw, path: layout.newStagedPath(), disk: disk)
    do {
      while try await pool.run({ try draft.advance() }) {}
      return try await publish(draft, digest)
    } catch {
      try? await pool.run { try draft.discard() }
      throw error
    }
  }

  private func publish(_ draft: SettlingDraft, _ digest: Digest) async throws -> SettledBlob {
    let directory = layout.settledDirectory(digest)
    let settled = try await pool.run { try draft.result() }
    if settled.codec == .lz4 {
      let name = layout.compressed(digest)
      _ = try await durability.publish(.init(file: draft.file, name: name, directory: directory))
      try await pool.run { try self.disk.remove(self.layout.raw(digest)) }
    } else {
      let name = layout.uncompressed(digest)
      _ = try await pool.run { try self.disk.rename(self.layout.raw(digest), to: name) }
      _ = try await durability.publish(.init(file: nil, name: name, directory: directory))
    }
    return settled
  }

  /// What an earlier settling made; the raw form that a later upload may have published again is dropped.
  private func existing(_ digest: Digest) throws -> SettledBlob? {
    let settled: SettledBlob
    if let file = try OpenFile.reading(layout.compressed(digest)) {
      let content = try CompressedContent(digest: digest, file: file)
      settled = SettledBlob(size: content.size, storedBytes: try file.size(), codec: .lz4)
    } else if let file = try OpenFile.reading(layout.uncompressed(digest)) {
      let size = try file.size()
      settled = SettledBlob(size: size, storedBytes: size, codec: .none)
    } else {
      return nil
    }
    // Its name may be one that a crashed settling never synced.
    try disk.syncDirectory(layout.settledDirectory(digest))
    try disk.remove(layout.raw(digest))
    return settled
  }
}
