// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore

/// Contents as chunks in packs, known to an index: what all stores do alike, wherever their packs are.
struct PackStore: Sendable {
  let storage: any PackStorage
  let index: any ChunkIndex
  let staging: PackStaging
  let chunkers: Chunkers
  /// Where it may block.
  let pool: BlockingPool
  var packSize = PackingDraft.packSize

  /// For a few reads that belong together.
  var files: PackFiles { PackFiles(storage: storage) }

  // MARK: Reading

  func open(_ content: ChunkedContent, _ digest: Digest) async throws -> any BlobContent {
    PackedContent(try await manifest(of: digest, content), packs: files, index: index)
  }

  /// Loads a manifest from wherever it is by now.
  func manifest(of digest: Digest, _ place: ChunkedContent) async throws -> Manifest {
    var place = place
    for _ in 0..<3 {
      do {
        return try await pool.run { [place] in try files.manifest(of: digest, place) }
      } catch is MissingPack {
        // Written anew between the look at the index and this one.
        guard let now = try await index.content(digest) else { throw BlobStoreError.notFound(digest) }
        place = now
      }
    }
    throw BlobStoreError.damaged(digest, MissingPack(name: storage.name(of: place.pack)).description)
  }

  /// Blocks the calling thread.
  func open(_ id: UUID) throws -> (any PackBytes, [PackEntry]) {
    guard let file = try storage.open(id) else { throw MissingPack(name: storage.name(of: id)) }
    return (file, try PackFormat.entries(of: file))
  }

  // MARK: Writing

  /// Writes what the index does not know of a content into packs, and takes them into the index.
  ///
  /// - Parameters:
  ///   - file: the content as it came.
  ///   - damaged: what the index knows, and is written all the same.
  func pack(_ file: OpenFile, _ digest: Digest, insteadOf damaged: Set<Digest> = []) async throws {
    let draft = try await pool.run {
      try PackingDraft(digest: digest, raw: file, chunkers: chunkers, packSize: packSize, staging: staging)
    }
    do {
      var known: Set<Digest> = []
      while true {
        switch try await pool.run({ [known] in try draft.advance(known: known) }) {
        case .ask(let chunks):
          known = chunks.isEmpty ? [] : try await index.known(among: chunks).subtracting(damaged)
        case .publish(let pack):
          _ = try await admit(pack, insteadOf: damaged)
          known = []
        case .finish(let pack):
          return try await take(pack, insteadOf: damaged)
        }
      }
    } catch {
      try? await pool.run { try draft.discard() }
      throw error
    }
  }

  /// Writes contents that are one chunk each into one pack, and takes it into the index.
  func pack(_ contents: [Digest: ByteBuffer], insteadOf damaged: Set<Digest>) async throws {
    let pack = try await pool.run { try write(contents) }
    try await take(pack, insteadOf: damaged)
  }

  /// Blocks the calling thread.
  private func write(_ contents: [Digest: ByteBuffer]) throws -> WrittenPack {
    var writer = try staging.writer()
    let result = Result {
      // In the order in which the index takes them in.
      for (digest, bytes) in contents.sorted(by: { $0.key < $1.key }) {
        try writer.add(bytes.readableBytesSpan, digest: digest)
        try writer.add(Manifest.implied(digest, size: bytes.readableBytes))
      }
    }
    do {
      try result.get()
    } catch {
      try writer.discard()
      throw error
    }
    return try writer.finish()
  }

  /// Makes the last pack of something durable, and then known. What of it turns out to be kept elsewhere already goes.
  private func take(_ pack: WrittenPack, insteadOf damaged: Set<Digest>) async throws {
    let admission = try await admit(pack, insteadOf: damaged)
    // Others that were at work at the same time were quicker: what they keep goes at once.
    if admission.unplacedBytes * 4 >= pack.contents.byteCount { _ = try await compact(pack.contents.id) }
    try await removeIdle(pack.contents.id)
  }

  /// Makes a pack durable under its name, and then known.
  private func admit(_ pack: WrittenPack, insteadOf damaged: Set<Digest>) async throws -> Admission {
    try await storage.publish(pack)
    return try await index.admit(pack.contents, insteadOf: damaged)
  }

  // MARK: Removing

  /// - Returns: bytes that nothing needs any more; nil when the content is not condemned here.
  func removeCondemned(_ digest: Digest) async throws -> Int64? {
    guard let content = try await index.content(digest), content.isCondemned else { return nil }
    return try await index.remove(digest, chunks: manifest(of: digest, content).distinctChunks)
  }

  /// Removes a pack that turned out to hold nothing.
  func removeIdle(_ id: UUID) async throws {
    guard try await index.retire(id) else { return }
    try await pool.run { try storage.remove(id) }
  }
}
