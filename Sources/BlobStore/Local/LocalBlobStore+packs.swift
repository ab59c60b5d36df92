// SPDX-License-Identifier: Apache-2.0

public import Domain
import Foundation

extension LocalBlobStore {
  /// What all packs hold together.
  public func chunkTotals() async throws -> ChunkTotals { try await index.totals() }

  public func tidyPacks(olderThan age: Duration) async throws -> Tidying {
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
    let path = layout.pack(id)
    let before = try await pool.run { try OpenFile.reading(path)?.size() ?? 0 }
    var copy: PackContents?
    if !needed.isEmpty {
      let written = try await pool.run { try self.copy(needed, of: id) }
      try await publish(written)
      copy = written.contents
    }
    guard try await index.replace(id, with: copy) else {
      if let copy { try await removeIdle(copy) }
      return nil
    }
    try await pool.run { [disk] in try disk.remove(path) }
    return before - (copy?.byteCount ?? 0)
  }

  /// Blocks the calling thread.
  private func copy(_ needed: [PackEntry], of id: UUID) throws -> WrittenPack {
    guard let file = try OpenFile.reading(layout.pack(id)) else { throw MissingPack(path: layout.pack(id)) }
    var writer = try PackWriter(path: layout.newStagedPath(), disk: disk)
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

  /// Blocks the calling thread.
  func open(_ id: UUID) throws -> (OpenFile, [PackEntry]) {
    guard let file = try OpenFile.reading(layout.pack(id)) else { throw MissingPack(path: layout.pack(id)) }
    return (file, try PackFormat.entries(of: file))
  }

  /// Takes packs into the index that it does not know, and removes those that turn out to hold nothing new.
  public func findPacks(olderThan age: Duration) async throws -> Set<Digest> {
    let known = try await index.packs()
    let oldest = time(nil) - Int(age.components.seconds)
    let found = try await pool.run { try self.packsOnDisk() }
    let unknown = found.filter { $0.written < oldest && !known.contains($0.id) }.map(\.id)
    // Of an older backup than the packs, the index may know places in packs that were written anew since.
    let missing = known.subtracting(found.map(\.id))
    let lost = missing.isEmpty ? [] : try await index.placed(in: Array(missing))
    var adopted: Set<Digest> = []
    // All chunks before any content: a manifest may be in another pack than what it names.
    try await adopt(unknown) { pack in try await index.admitChunks(of: pack, insteadOf: lost) }
    try await adopt(unknown) { pack in
      try await adopted.formUnion(index.admit(pack, insteadOf: lost).contents)
      try await removeIdle(pack)
    }
    for id in missing where try await !index.retire(id) { BlobMetrics.packDamaged() }
    return adopted
  }

  /// Removes a pack that turned out to hold nothing.
  func removeIdle(_ pack: PackContents) async throws {
    guard try await index.retire(pack.id) else { return }
    let path = layout.pack(pack.id)
    try await pool.run { [disk] in try disk.remove(path) }
  }

  private func adopt(_ packs: [UUID], _ body: (PackContents) async throws -> Void) async throws {
    for id in packs {
      do {
        try await body(await pool.run { try self.contents(of: id) })
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

  /// Blocks the calling thread.
  func packsOnDisk() throws(BlobStoreError) -> [(id: UUID, written: time_t)] {
    var packs: [(id: UUID, written: time_t)] = []
    for shard in 0..<256 {
      try disk.list("\(layout.packs)/\([UInt8(shard)].hex)") { name, written throws(BlobStoreError) in
        if name.hasSuffix(".pack"), let id = UUID(uuidString: String(name.dropLast(5))) { packs.append((id, written)) }
      }
    }
    return packs
  }

  /// Loads a manifest from wherever it is by now.
  func manifest(of digest: Digest, _ place: ChunkedContent) async throws -> Manifest {
    var place = place
    for _ in 0..<3 {
      do {
        return try await pool.run { [place] in try PackFiles(layout: self.layout).manifest(of: digest, place) }
      } catch is MissingPack {
        // Written anew between the look at the index and this one.
        guard let now = try await index.content(digest) else { throw BlobStoreError.notFound(digest) }
        place = now
      }
    }
    throw BlobStoreError.damaged(digest, MissingPack(path: layout.pack(place.pack)).description)
  }
}
