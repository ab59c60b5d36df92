// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore
import Synchronization

/// A staged file of a ``LocalBlobStore``.
///
/// A body of up to 256 KiB stays in memory until `finish`. That knows its digest first: it writes nothing when the blob is there already,
/// and otherwise writes it in its final form. A longer one is written as it comes, in parts of 256 KiB, one hop to the pool each.
final class LocalStagedBlob: StagedBlob {
  private struct State: ~Copyable {
    /// nil once the blob is closed.
    var hasher: SHA256Hasher? = SHA256Hasher()
    var pending = ByteBuffer()
    var size: Int64 = 0
    /// nil while everything is in memory.
    var file: OpenFile?
  }

  /// One block of the compressed form.
  static let inMemoryLimit = LZ4Frame.blockSize
  static let partSize = 256 << 10

  private let store: LocalBlobStore
  private let path: String
  // Held for a whole hop, disk call included: there is one writer, which awaits each call, so nobody else waits for it.
  private let state = Mutex(State())

  init(store: LocalBlobStore) {
    self.store = store
    path = store.layout.newStagedPath()
  }

  func write(_ bytes: ByteBuffer) async throws {
    let mustFlush = try state.withLock { state throws(BlobStoreError) -> Bool in
      guard state.hasher != nil else { throw .closed }
      state.pending.writeImmutableBuffer(bytes)
      state.size += Int64(bytes.readableBytes)
      return state.file == nil ? state.size > Self.inMemoryLimit : state.pending.readableBytes >= Self.partSize
    }
    if mustFlush { try await store.pool.run { try self.flush() } }
  }

  func finish(expecting expected: Digest?) async throws -> PublishedBlob {
    let blob = try await publish(expecting: expected)
    BlobMetrics.published(blob)
    return blob
  }

  /// The same, without being counted.
  func publish(expecting expected: Digest?) async throws -> PublishedBlob {
    let (blob, content) = try await store.pool.run { try self.complete(expecting: expected) }
    let isKept = if let content { try await store.keepsInPacks(content, blob.digest) } else { false }
    if !isKept {
      let publication = try await store.pool.run { try self.publication(of: blob.digest, content) }
      try await store.durability.publish(publication)
    }
    return blob
  }

  func discard() async {
    // Nothing to report: what cannot be removed now is swept later.
    try? await store.pool.run { try self.remove() }
  }

  private func flush() throws(BlobStoreError) {
    try state.withLock { state throws(BlobStoreError) in try flush(&state) }
  }

  private func flush(_ state: inout State) throws(BlobStoreError) {
    guard state.hasher != nil else { throw .closed }
    do throws(BlobStoreError) {
      let file = if let open = state.file { open } else { try store.disk.create(path) }
      state.file = file
      // Swapped out and in again, which keeps its storage.
      var part = ByteBuffer()
      swap(&part, &state.pending)
      state.hasher?.update(part.readableBytesSpan)
      try store.disk.write(part.readableBytesSpan, to: file)
      part.clear()
      swap(&part, &state.pending)
    } catch {
      // A part may be on the disk twice or not at all: the blob cannot go on.
      state.hasher = nil
      throw error
    }
  }

  /// - Returns: what it is, and its bytes if they are in memory.
  private func complete(expecting expected: Digest?) throws -> (PublishedBlob, ByteBuffer?) {
    try state.withLock { state in
      if state.file != nil { try flush(&state) }
      guard var hasher = state.hasher.take() else { throw BlobStoreError.closed }
      if state.file == nil { hasher.update(state.pending.readableBytesSpan) }
      let digest = Digest(bytes: hasher.finish())
      if let expected, expected != digest { throw BlobStoreError.mismatch(expected: expected, actual: digest) }
      let content = state.file == nil ? state.pending : nil
      state.pending = ByteBuffer()
      return (PublishedBlob(digest: digest, size: state.size), content)
    }
  }

  private func publication(of digest: Digest, _ content: ByteBuffer?) throws -> DurabilityGroup.Publication {
    try state.withLock { state in
      if let content { return try settled(digest, content, &state) }
      guard let file = state.file.take() else { throw BlobStoreError.closed }
      return .init(origin: .staged(file), name: store.layout.raw(digest), directory: store.layout.rawDirectory(digest))
    }
  }

  /// Writes a body that is in memory as it will stay, unless a blob of the same digest is there, and whole: these bytes may be the last good
  /// ones.
  private func settled(
    _ digest: Digest, _ content: ByteBuffer, _ state: inout State
  ) throws -> DurabilityGroup.Publication {
    let frame = try SettledBlob.compress(content.readableBytesSpan)
    let existing = try store.locate(digest)
    if let existing, try Self.isWhole(existing.path, content.readableBytesSpan, frame) {
      return .init(origin: .present, name: existing.path, directory: existing.directory)
    }
    let file = try store.disk.create(path)
    state.file = file
    if let frame {
      try store.disk.write(frame.span.bytes, to: file)
    } else {
      try store.disk.write(content.readableBytesSpan, to: file)
    }
    // What failed above is removed by `discard`; from here on by whoever publishes.
    state.file = nil
    let name = frame == nil ? store.layout.uncompressed(digest) : store.layout.compressed(digest)
    let directory = store.layout.settledDirectory(digest)
    guard let existing else { return .init(origin: .staged(file), name: name, directory: directory) }
    BlobMetrics.mended()
    // In another form it would stay, and be found first: only what has the same name is replaced.
    if existing.path != name { try store.disk.remove(existing.path) }
    return .init(origin: .replacing(file), name: name, directory: directory)
  }

  /// Whether a file is just what these bytes would be written as now. What another version of LZ4 made is not, and is written anew.
  private static func isWhole(_ path: String, _ content: RawSpan, _ frame: [UInt8]?) throws -> Bool {
    guard let file = try OpenFile.reading(path) else { return false }
    let size = try file.size()
    guard size == Int64(path.hasSuffix(".lz4") ? frame?.count ?? -1 : content.byteCount) else { return false }
    let stored = try file.read(at: 0, count: Int(size))
    return path.hasSuffix(".lz4") ? stored == frame : content.isEqual(to: stored.span.bytes)
  }

  private func remove() throws(BlobStoreError) {
    let hadFile = state.withLock { state in
      state.hasher = nil
      return state.file.take() != nil
    }
    if hadFile { try store.disk.remove(path) }
  }
}

extension RawSpan {
  fileprivate func isEqual(to other: RawSpan) -> Bool {
    byteCount == other.byteCount
      && withUnsafeBytes { mine in other.withUnsafeBytes { other in mine.elementsEqual(other) } }
  }
}
