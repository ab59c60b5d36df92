// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import Glibc

extension LocalBlobStore {
  private enum Start: Sendable {
    /// With what is left to do, if anything is.
    case settledBefore(SettledBlob, DurabilityGroup.Publication?)
    case draft(SettlingDraft, SettledBlob?)
  }

  /// A small content is published in its final form (``LocalStagedBlob``), and nothing is left to do. Others are settled in steps,
  /// each of which may be the last before a crash:
  ///
  /// 1. The raw file is read once: hashed against its digest, and compressed into `staged` as far as that is worthwhile.
  /// 2. Compressed: it is published durably under `settled`, and then the raw name goes. Not worthwhile: the raw file is renamed
  ///    into `settled`, durably.
  ///
  /// A crash in between leaves the raw form, or both; the next settling goes on from there.
  public func settle(_ digest: Digest) async throws -> SettledBlob {
    do {
      return try await settleOnce(digest)
    } catch {
      BlobMetrics.note(error)
      throw error
    }
  }

  private func settleOnce(_ digest: Digest) async throws -> SettledBlob {
    switch try await pool.run({ try self.start(digest) }) {
    case .settledBefore(let settled, let publication):
      if let publication { try await durability.publish(publication) }
      return settled
    case .draft(let draft, let first):
      do {
        var settled = first
        while settled == nil { settled = try await pool.run { try draft.advance() } }
        guard let settled else { throw BlobStoreError.closed }
        try await durability.publish(publication(of: draft, digest))
        return settled
      } catch {
        try? await pool.run { try draft.discard() }
        throw error
      }
    }
  }

  /// All there is to do for a small blob but publishing, in one hop.
  private func start(_ digest: Digest) throws -> Start {
    if let before = try settledBefore(digest) { return before }
    guard let raw = try OpenFile.reading(layout.raw(digest)) else {
      // Settled by another between the two looks, or never there.
      if let before = try settledBefore(digest) { return before }
      // Somebody is still at work on it, and may be about to refer to it.
      if try restoreNow(digest) { return try start(digest) }
      throw BlobStoreError.notFound(digest)
    }
    let draft = SettlingDraft(digest: digest, raw: raw, path: layout.newStagedPath(), disk: disk)
    do {
      return .draft(draft, try draft.advance())
    } catch {
      try? draft.discard()
      throw error
    }
  }

  /// What was published as it is, or an earlier settling made. A raw form that is there as well is dropped.
  private func settledBefore(_ digest: Digest) throws -> Start? {
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
    guard access(layout.raw(digest), F_OK) == 0 else { return .settledBefore(settled, nil) }
    // The name may be one that a crashed settling never synced.
    return .settledBefore(
      settled,
      .init(
        origin: .present, name: name, directory: layout.settledDirectory(digest), obsolete: obsoleteRaw(digest)))
  }

  private func publication(of draft: SettlingDraft, _ digest: Digest) -> DurabilityGroup.Publication {
    let directory = layout.settledDirectory(digest)
    return if let file = draft.file {
      .init(
        origin: .staged(file), name: layout.compressed(digest), directory: directory, obsolete: obsoleteRaw(digest))
    } else {
      .init(origin: .moved(from: layout.raw(digest)), name: layout.uncompressed(digest), directory: directory)
    }
  }

  private func obsoleteRaw(_ digest: Digest) -> DurabilityGroup.Obsolete {
    .init(path: layout.raw(digest), lock: layout.condemnationLock)
  }
}
