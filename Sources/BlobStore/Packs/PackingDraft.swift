// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Synchronization

/// One raw blob on its way into packs. Blocks the calling thread.
///
/// It is advanced by one task, which asks the index between two steps which of the chunks just cut are kept already. So memory is bounded
/// by the window, and by the list of chunks: about 100 bytes for each 16 or 64 KiB.
final class PackingDraft: Sendable {
  /// What to do next.
  enum Step: Sendable {
    /// Say which of these chunks are known, and advance.
    case ask([Digest])
    /// Publish this pack, and advance; nothing is asked.
    case publish(WrittenPack)
    /// Publish this pack, with the manifest in it: that is all.
    case finish(WrittenPack)
  }

  private static let windowSize: Int64 = 4 << 20
  /// Packs are finished when they have grown so far: large enough to be few, small enough to be written anew when much of one is waste.
  static let packSize: Int64 = 64 << 20

  private struct State: ~Copyable {
    /// From the end of the last chunk that was written on.
    var window: [UInt8] = []
    /// Chunks of the window that are not written yet.
    var cut: [(digest: Digest, range: Range<Int>)] = []
    var offset: Int64 = 0
    var parts: [Manifest.Part] = []
    /// Chunks that need not be written again.
    var kept: Set<Digest> = []
    var hasher: SHA256Hasher? = SHA256Hasher()
    var writer: PackWriter?
  }

  private let digest: Digest
  private let raw: OpenFile
  private let size: Int64
  private let chunker: Chunker
  private let packSize: Int64
  private let staging: PackStaging
  // One task advances the draft, awaiting each step, so nobody waits for the lock.
  private let state = Mutex(State())

  init(
    digest: Digest, raw: OpenFile, chunkers: Chunkers, packSize: Int64, staging: PackStaging
  ) throws(BlobStoreError) {
    self.packSize = packSize
    self.digest = digest
    self.raw = raw
    size = try raw.size()
    chunker = chunkers.chunker(forContentOf: size)
    self.staging = staging
  }

  /// - Parameter known: of the chunks last asked for, those that the index has.
  /// - Throws: ``BlobStoreError/damaged(_:_:)`` when the bytes are not those of the digest. Then ``discard()``.
  func advance(known: Set<Digest> = []) throws -> Step {
    try state.withLock { state in
      state.kept.formUnion(known)
      try write(&state)
      if let writer = state.writer.take() {
        if writer.byteCount >= packSize, state.offset < size { return .publish(try writer.finish()) }
        state.writer = consume writer
      }
      if state.offset == size, state.window.isEmpty { return .finish(try finish(&state)) }
      try cut(&state)
      return .ask(Array(Set(state.cut.map(\.digest)).subtracting(state.kept)))
    }
  }

  func discard() throws {
    try state.withLock { state in
      if let writer = state.writer.take() { try writer.discard() }
    }
  }

  /// Writes the chunks of the window that nobody has.
  private func write(_ state: inout State) throws {
    for (chunk, range) in state.cut where state.kept.insert(chunk).inserted {
      var writer = try state.writer.take() ?? staging.writer()
      let result = Result { try writer.add(state.window.span.bytes.extracting(range), digest: chunk) }
      state.writer = consume writer
      try result.get()
    }
    state.window.removeFirst(state.cut.last?.range.upperBound ?? 0)
    state.cut = []
  }

  /// Reads on, and cuts what has come.
  private func cut(_ state: inout State) throws {
    let count = Int(min(Self.windowSize, packSize, size - state.offset))
    let bytes = try raw.read(at: state.offset, count: count)
    guard bytes.count == count else { throw BlobStoreError.damaged(digest, "its file became shorter") }
    state.hasher?.update(bytes.span.bytes)
    state.offset += Int64(count)
    state.window += bytes
    state.cut = chunks(of: state.window, isLast: state.offset == size)
    state.parts += state.cut.map { Manifest.Part(digest: $0.digest, size: $0.range.count) }
  }

  private func chunks(of window: [UInt8], isLast: Bool) -> [(digest: Digest, range: Range<Int>)] {
    var chunks: [(digest: Digest, range: Range<Int>)] = []
    let window = window.span.bytes
    _ = chunker.cut(window, isLast: isLast) { range in
      chunks.append((Digest(bytes: SHA256Hasher.hash(window.extracting(range))), range))
    }
    return chunks
  }

  private func finish(_ state: inout State) throws -> WrittenPack {
    guard let actual = state.hasher.take()?.finish() else { throw BlobStoreError.closed }
    guard actual == digest.bytes else {
      throw BlobStoreError.damaged(digest, "its bytes have the digest \(Digest(bytes: actual))")
    }
    var writer = try state.writer.take() ?? staging.writer()
    // Should this fail, the sweeper removes what was written.
    try writer.add(Manifest(digest: digest, chunker: chunker.name, parts: state.parts))
    return try writer.finish()
  }
}

/// How this store cuts.
struct Chunkers: Sendable {
  private let small, large: Chunker

  init(secret: [UInt8]) {
    let gear = GearTable(secret: secret)
    small = Chunker(.small, gear: gear)
    large = Chunker(.large, gear: gear)
  }

  func chunker(forContentOf size: Int64) -> Chunker {
    ChunkingParameters.preset(forContentOf: size) == .small ? small : large
  }
}
