// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

extension PackStore {
  /// See ``BlobStore/tidyPacks(olderThan:)``.
  func tidyPacks(olderThan age: Duration) async throws -> Tidying {
    var tidying = Tidying()
    tidying.found = try await findPacks(olderThan: age)
    for id in try await index.wasteful(olderThan: age, limit: Self.compactionLimit) {
      do {
        guard let bytes = try await compact(id) else { continue }
        tidying.packs += 1
        tidying.bytes += bytes
      } catch let error as BlobStoreError {
        // It stays as it is, and so does what of it can be read.
        guard case .damaged = error else { throw error }
        BlobMetrics.note(error)
      } catch is PackDamage {
        BlobMetrics.packDamaged()
      } catch is MissingPack {
        BlobMetrics.packDamaged()
      }
    }
    return tidying
  }

  /// Packs written anew in one go.
  private static let compactionLimit = 64

  /// Writes a pack anew with what is needed of it, each part copied as it is stored and checked on the way, and removes the old one.
  /// - Returns: bytes given back; nil when nothing was, because more has come to be needed meanwhile.
  func compact(_ id: UUID) async throws -> Int64? {
    let needed = try await index.needed(of: id)
    let before = try await pool.run { try storage.open(id)?.size() ?? 0 }
    var copy: PackContents?
    if !needed.isEmpty {
      let written = try await pool.run { try self.copy(needed, of: id) }
      try await storage.publish(written)
      copy = written.contents
    }
    guard try await index.replace(id, with: copy) else {
      if let copy { try await removeIdle(copy.id) }
      return nil
    }
    try await pool.run { try storage.remove(id) }
    return before - (copy?.byteCount ?? 0)
  }

  /// Blocks the calling thread.
  private func copy(_ needed: [PackEntry], of id: UUID) throws -> WrittenPack {
    guard let file = try storage.open(id) else { throw MissingPack(name: storage.name(of: id)) }
    var writer = try staging.writer()
    let result = Result {
      for entry in needed {
        let stored = try file.read(at: entry.offset, count: entry.storedSize)
        try writer.add(entry, stored: stored, manifest: try check(entry, stored))
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

  /// - Returns: the manifest, if it is one.
  private func check(_ entry: PackEntry, _ stored: [UInt8]) throws(BlobStoreError) -> Manifest? {
    if entry.isChunk {
      guard PackFiles.chunk(stored, entry.codec, size: Int(clamping: entry.size), digest: entry.digest) != nil else {
        throw .damaged(entry.digest, "the chunk is damaged")
      }
      return nil
    }
    do throws(PackDamage) {
      return try Manifest(stored, of: entry.digest, size: entry.size)
    } catch {
      throw .damaged(entry.digest, error.description)
    }
  }

  /// Takes packs into the index that it does not know, and removes those that turn out to hold nothing new.
  func findPacks(olderThan age: Duration) async throws -> Set<Digest> {
    let known = try await index.packs()
    let oldest = time(nil) - Int(age.components.seconds)
    let found = try await pool.run { try storage.list() }
    let unknown = found.filter { $0.written < oldest && !known.contains($0.id) }.map(\.id)
    // Of an older backup than the packs, the index may know places in packs that were written anew since.
    let missing = known.subtracting(found.map(\.id))
    let lost = missing.isEmpty ? [] : try await index.placed(in: Array(missing))
    var adopted: Set<Digest> = []
    // All chunks before any content: a manifest may be in another pack than what it names.
    try await adopt(unknown) { pack in try await index.admitChunks(of: pack, insteadOf: lost) }
    try await adopt(unknown) { pack in
      try await adopted.formUnion(index.admit(pack, insteadOf: lost).contents)
      try await removeIdle(pack.id)
    }
    for id in missing where try await !index.retire(id) { BlobMetrics.packDamaged() }
    return adopted
  }

  private func adopt(_ packs: [UUID], _ body: (PackContents) async throws -> Void) async throws {
    for id in packs {
      do {
        try await body(await pool.run { try contents(of: id) })
      } catch is PackDamage {
        BlobMetrics.packDamaged()
      } catch is MissingPack {
        // Removed since by whoever wrote it.
      }
    }
  }

  /// Blocks the calling thread.
  private func contents(of id: UUID) throws -> PackContents {
    let (file, entries) = try open(id)
    let manifests = try entries.filter { !$0.isChunk }.map { entry in
      try Manifest(file.read(at: entry.offset, count: entry.storedSize), of: entry.digest, size: entry.size)
    }
    return PackContents(id: id, byteCount: try file.size(), entries: entries, manifests: manifests)
  }
}
