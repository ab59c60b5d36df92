// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import NIOCore
import Synchronization

/// A blob store without a disk, for tests of what is built on one.
public final class MemoryBlobStore: BlobStore {
  private struct State {
    var blobs: [Digest: MemoryContent] = [:]
    var condemned: [Digest: MemoryContent] = [:]
    var settled: [Digest: SettledBlob] = [:]
    var staged: [Int: Staged] = [:]
    var nextStaged = 0
  }

  private struct Staged {
    var bytes: [UInt8] = []
    var written = ContinuousClock.now
  }

  private let state = Mutex(State())

  public init() {}

  public func stage() async throws -> any StagedBlob {
    let id = state.withLock { state in
      defer { state.nextStaged += 1 }
      state.staged[state.nextStaged] = Staged()
      return state.nextStaged
    }
    return MemoryStagedBlob(store: self, id: id)
  }

  public func settle(_ digest: Digest) async throws -> SettledBlob {
    try await restore(digest)
    if let settled = state.withLock({ $0.settled[digest] }) { return settled }
    let content = try content(of: digest)
    let compressed = try Int64(LZ4Frame.compress(content.array).count)
    let settled =
      SettledBlob.isWorthwhile(compressed: compressed, raw: content.size)
      ? SettledBlob(size: content.size, storedBytes: compressed, codec: .lz4)
      : SettledBlob(size: content.size, storedBytes: content.size, codec: .none)
    state.withLock { $0.settled[digest] = settled }
    return settled
  }

  public func read(_ digest: Digest, range: Range<Int64>?) async throws -> BlobBytes {
    try BlobBytes(digest: digest, content: content(of: digest), range: range, pool: nil)
  }

  public func contains(_ digest: Digest) async throws -> Bool {
    state.withLock { $0.blobs[digest] != nil || $0.condemned[digest] != nil }
  }

  public func condemn(_ digest: Digest) async throws -> Int64 {
    state.withLock { state in
      if let blob = state.blobs.removeValue(forKey: digest) { state.condemned[digest] = blob }
      return state.condemned[digest].map { state.settled[digest]?.storedBytes ?? $0.size } ?? 0
    }
  }

  public func restore(_ digest: Digest) async throws {
    state.withLock { state in
      if let blob = state.condemned.removeValue(forKey: digest) { state.blobs[digest] = blob }
    }
  }

  public func removeCondemned(_ digest: Digest) async throws -> Int64? {
    state.withLock { state in
      guard let blob = state.condemned.removeValue(forKey: digest) else { return nil }
      defer { if state.blobs[digest] == nil { state.settled[digest] = nil } }
      return state.settled[digest]?.storedBytes ?? blob.size
    }
  }

  public func size(of digest: Digest) async throws -> Int64 { try content(of: digest).size }

  public func sweepStaged(olderThan age: Duration) async throws -> Int {
    let oldest = ContinuousClock.now - age
    return state.withLock { state in
      let swept = state.staged.filter { $0.value.written < oldest }
      for id in swept.keys { state.staged[id] = nil }
      return swept.count
    }
  }

  private func content(of digest: Digest) throws(BlobStoreError) -> MemoryContent {
    guard let content = state.withLock({ $0.blobs[digest] ?? $0.condemned[digest] }) else { throw .notFound(digest) }
    return content
  }
}

extension MemoryBlobStore {
  func write(_ bytes: ByteBuffer, staged id: Int) throws(BlobStoreError) {
    let isOpen = state.withLock { state in
      state.staged[id]?.bytes.append(contentsOf: bytes.readableBytesView)
      state.staged[id]?.written = .now
      return state.staged[id] != nil
    }
    if !isOpen { throw .closed }
  }

  func publish(staged id: Int, expecting expected: Digest?) throws(BlobStoreError) -> PublishedBlob {
    guard let bytes = state.withLock({ $0.staged.removeValue(forKey: id)?.bytes }) else { throw .closed }
    let digest = Digest(bytes: SHA256Hasher.hash(bytes))
    if let expected, expected != digest { throw .mismatch(expected: expected, actual: digest) }
    state.withLock { $0.blobs[digest] = MemoryContent(array: bytes) }
    return PublishedBlob(digest: digest, size: Int64(bytes.count))
  }

  func discard(staged id: Int) { state.withLock { $0.staged[id] = nil } }
}

private struct MemoryStagedBlob: StagedBlob {
  let store: MemoryBlobStore
  let id: Int

  func write(_ bytes: ByteBuffer) async throws { try store.write(bytes, staged: id) }
  func finish(expecting expected: Digest?) async throws -> PublishedBlob {
    try store.publish(staged: id, expecting: expected)
  }
  func discard() async { store.discard(staged: id) }
}

private struct MemoryContent: BlockingContent {
  let array: [UInt8]

  var size: Int64 { Int64(array.count) }

  func bytes(at offset: Int64, upTo end: Int64) throws(BlobStoreError) -> ByteBuffer {
    ByteBuffer(bytes: array[Int(offset)..<Int(min(end, offset + Int64(BlobBytes.bufferSize)))])
  }
}
