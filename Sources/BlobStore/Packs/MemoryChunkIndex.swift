// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Synchronization

/// An index of chunks for one process, which forgets everything at its end: for tests and measurements without a database.
final class MemoryChunkIndex: ChunkIndex {
  fileprivate struct Chunk {
    var place: ChunkPlace
    /// Contents that need it.
    var contents: Int
  }

  fileprivate struct State {
    var packs: [UUID: (byteCount: Int64, unplacedBytes: Int64, since: ContinuousClock.Instant)] = [:]
    var chunks: [Digest: Chunk] = [:]
    var contents: [Digest: ChunkedContent] = [:]
  }

  private let state = Mutex(State())

  func known(among chunks: [Digest]) async throws -> Set<Digest> {
    state.withLock { state in Set(chunks.filter { state.chunks[$0] != nil }) }
  }

  func places(of chunks: [Digest]) async throws -> [Digest: ChunkPlace] {
    state.withLock { state in
      chunks.reduce(into: [:]) { places, digest in places[digest] = state.chunks[digest]?.place }
    }
  }

  func bytesOfOneContent(among chunks: [Digest]) async throws -> Int64 {
    state.withLock { state in
      chunks.reduce(0) { sum, digest in
        guard let chunk = state.chunks[digest], chunk.contents == 1 else { return sum }
        return sum + Int64(chunk.place.storedSize)
      }
    }
  }

  func contents(among digests: [Digest]) async throws -> [Digest: ChunkedContent] {
    state.withLock { state in
      digests.reduce(into: [:]) { contents, digest in contents[digest] = state.contents[digest] }
    }
  }

  func admit(_ pack: PackContents, insteadOf lost: Set<Digest>) async throws -> Admission {
    state.withLock { state in
      var admission = Admission()
      state.admitChunks(of: pack, insteadOf: lost)
      admission.unplacedBytes = pack.entries.reduce(0) { sum, entry in
        let isElsewhere = entry.isChunk && state.chunks[entry.digest]?.place.pack != pack.id
        return sum + (isElsewhere ? Int64(entry.storedSize) : 0)
      }
      if state.packs[pack.id] == nil { state.packs[pack.id] = (pack.byteCount, admission.unplacedBytes, .now) }
      for entry in pack.entries where !entry.isChunk && lost.contains(entry.digest) {
        state.move(content: entry, to: pack.id)
      }
      for manifest in pack.manifests where state.contents[manifest.digest] == nil {
        let chunks = manifest.distinctChunks
        let known = chunks.compactMap { state.chunks[$0]?.place }
        guard known.count == chunks.count, let entry = pack.entry(of: manifest) else { continue }
        let settled = SettledBlob(
          size: manifest.size, storedBytes: known.reduce(0) { $0 + Int64($1.storedSize) },
          codec: known.map(\.codec).max { $0.stored < $1.stored } ?? .none)
        state.contents[manifest.digest] = ChunkedContent(
          settled: settled, isCondemned: false, pack: pack.id, offset: entry.offset, storedSize: entry.storedSize)
        for chunk in chunks { state.chunks[chunk]?.contents += 1 }
        admission.contents.insert(manifest.digest)
      }
      return admission
    }
  }

  func admitChunks(of pack: PackContents, insteadOf lost: Set<Digest>) async throws {
    state.withLock { $0.admitChunks(of: pack, insteadOf: lost) }
  }

  func whileLive(
    _ digest: Digest, on threads: BlockingPool, _ body: @escaping @Sendable () throws -> Void
  ) async throws -> Bool {
    try await threads.run {
      try self.state.withLock { state in
        guard let content = state.contents[digest], !content.isCondemned else { return false }
        try body()
        return true
      }
    }
  }

  func condemn(_ digest: Digest) async throws -> Int64? { mark(digest, isCondemned: true)?.settled.storedBytes }

  func restore(_ digest: Digest) async throws -> Bool { mark(digest, isCondemned: false)?.isCondemned ?? false }

  /// - Returns: the content as it was.
  private func mark(_ digest: Digest, isCondemned: Bool) -> ChunkedContent? {
    state.withLock { state in
      let before = state.contents[digest]
      state.contents[digest] = before.map { content in
        ChunkedContent(
          settled: content.settled, isCondemned: isCondemned, pack: content.pack, offset: content.offset,
          storedSize: content.storedSize)
      }
      return before
    }
  }

  func remove(_ digest: Digest, chunks: [Digest]) async throws -> Int64? {
    state.withLock { state in
      guard state.contents[digest]?.isCondemned == true else { return nil }
      state.contents[digest] = nil
      var bytes: Int64 = 0
      for chunk in chunks {
        state.chunks[chunk]?.contents -= 1
        if let chunk = state.chunks[chunk], chunk.contents == 0 { bytes += Int64(chunk.place.storedSize) }
      }
      return bytes
    }
  }

  func packs() async throws -> Set<UUID> { state.withLock { Set($0.packs.keys) } }

  func placed(in packs: [UUID]) async throws -> Set<Digest> {
    state.withLock { state in
      Set(state.chunks.filter { packs.contains($0.value.place.pack) }.keys)
        .union(state.contents.filter { packs.contains($0.value.pack) }.keys)
    }
  }

  func wasteful(olderThan age: Duration, limit: Int) async throws -> [UUID] {
    state.withLock { state in
      let wasted = state.chunks.values.filter { $0.contents == 0 }
        .reduce(into: state.packs.mapValues(\.unplacedBytes)) {
          $0[$1.place.pack, default: 0] += Int64($1.place.storedSize)
        }
      let packs = state.packs.filter { id, pack in
        pack.since < .now - age && (wasted[id, default: 0] * 4 >= pack.byteCount || !state.isNeeded(id))
      }
      return Array(packs.keys.sorted { wasted[$0, default: 0] > wasted[$1, default: 0] }.prefix(limit))
    }
  }

  func needed(of pack: UUID) async throws -> [PackEntry] { state.withLock { $0.needed(of: pack) } }

  func replace(_ pack: UUID, with copy: PackContents?) async throws -> Bool {
    state.withLock { state in
      let (chunks, contents) = (copy?.digests(areChunks: true) ?? [], copy?.digests(areChunks: false) ?? [])
      guard state.needed(of: pack).allSatisfy({ ($0.isChunk ? chunks : contents).contains($0.digest) }) else {
        return false
      }
      if let copy {
        state.packs[copy.id] = (copy.byteCount, 0, .now)
        for entry in copy.entries {
          if entry.isChunk, state.chunks[entry.digest]?.place.pack == pack {
            state.chunks[entry.digest]?.place = ChunkPlace(entry, in: copy.id)
          } else if !entry.isChunk, state.contents[entry.digest]?.pack == pack {
            state.move(content: entry, to: copy.id)
          }
        }
      }
      state.chunks = state.chunks.filter { $0.value.place.pack != pack }
      state.packs[pack] = nil
      return true
    }
  }

  func retire(_ pack: UUID) async throws -> Bool {
    state.withLock { state in
      guard !state.chunks.values.contains(where: { $0.place.pack == pack }),
        !state.contents.values.contains(where: { $0.pack == pack })
      else { return false }
      state.packs[pack] = nil
      return true
    }
  }

  func totals() async throws -> ChunkTotals {
    state.withLock { state in
      var totals = ChunkTotals()
      totals.packs = Int64(state.packs.count)
      totals.packBytes = state.packs.values.reduce(0) { $0 + $1.byteCount }
      totals.contents = Int64(state.contents.count)
      totals.contentBytes = state.contents.values.reduce(0) { $0 + $1.settled.size }
      totals.separateBytes = state.contents.values.reduce(0) { $0 + $1.settled.storedBytes }
      totals.wastedBytes = state.packs.values.reduce(0) { $0 + $1.unplacedBytes }
      for chunk in state.chunks.values {
        if chunk.contents == 0 {
          totals.wastedBytes += Int64(chunk.place.storedSize)
        } else {
          totals.chunks += 1
          totals.chunkBytes += Int64(chunk.place.size)
          totals.storedBytes += Int64(chunk.place.storedSize)
        }
      }
      return totals
    }
  }
}

extension MemoryChunkIndex.State {
  fileprivate mutating func admitChunks(of pack: PackContents, insteadOf lost: Set<Digest>) {
    for entry in pack.entries where entry.isChunk {
      if chunks[entry.digest] == nil {
        chunks[entry.digest] = .init(place: ChunkPlace(entry, in: pack.id), contents: 0)
      } else if lost.contains(entry.digest) {
        chunks[entry.digest]?.place = ChunkPlace(entry, in: pack.id)
      }
    }
  }

  fileprivate mutating func move(content entry: PackEntry, to pack: UUID) {
    guard let content = contents[entry.digest] else { return }
    contents[entry.digest] = ChunkedContent(
      settled: content.settled, isCondemned: content.isCondemned, pack: pack, offset: entry.offset,
      storedSize: entry.storedSize)
  }

  fileprivate func needed(of pack: UUID) -> [PackEntry] {
    let chunks = chunks.filter { $0.value.place.pack == pack && $0.value.contents > 0 }.map { digest, chunk in
      PackEntry(
        kind: PackEntry.Kind(chunk.place.codec), digest: digest, offset: chunk.place.offset,
        storedSize: chunk.place.storedSize, size: Int64(chunk.place.size))
    }
    let manifests = contents.filter { $0.value.pack == pack }.map { digest, content in
      PackEntry(
        kind: .manifest, digest: digest, offset: content.offset, storedSize: content.storedSize,
        size: content.settled.size)
    }
    return (chunks + manifests).sorted { $0.offset < $1.offset }
  }

  fileprivate func isNeeded(_ pack: UUID) -> Bool { !needed(of: pack).isEmpty }
}

extension MemoryChunkIndex {
  func recount(
    _ share: StoreRecount.Share, chunksOf chunks: @Sendable (Digest, ChunkedContent) async throws -> [Digest]?
  ) async throws -> StoreRecount {
    let state = state.withLock { $0 }
    var (recount, uses) = (StoreRecount(), StoreRecount.Uses(share: share))
    for (digest, content) in state.contents {
      recount.contents += 1
      if let chunks = content.isOneChunk ? [digest] : try await chunks(digest, content) {
        uses.add(chunks)
      } else {
        recount.unreadable += 1
      }
    }
    for (digest, chunk) in state.chunks where share.contains(digest) {
      recount.chunks += 1
      recount.bytes += Int64(chunk.place.storedSize)
      recount.compare(digest, told: chunk.contents, &uses)
    }
    recount.compareRest(uses)
    return recount
  }
}
