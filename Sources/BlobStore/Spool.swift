// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore
import Synchronization

/// The bytes of a content as they come, hashed on the way.
///
/// Up to 256 KiB stay in memory. More are written into a staged file, in parts of 256 KiB, one hop to the pool each.
final class Spool: Sendable {
  /// What came, in whole.
  enum Content: Sendable {
    case memory(ByteBuffer)
    /// Not synced yet, and its taker's to remove.
    case file(OpenFile)
  }

  private struct State: ~Copyable {
    /// nil once the spool is closed.
    var hasher: SHA256Hasher? = SHA256Hasher()
    var pending = ByteBuffer()
    var size: Int64 = 0
    /// nil while everything is in memory.
    var file: OpenFile?
  }

  /// One block of the compressed form.
  static let inMemoryLimit = LZ4Frame.blockSize
  private static let partSize = 256 << 10

  private let path: String
  private let disk: Disk
  private let pool: BlockingPool
  // Held for a whole hop, disk call included: there is one writer, which awaits each call, so nobody else waits for it.
  private let state = Mutex(State())

  /// - Parameter path: where the file is made, if there is to be one.
  init(path: String, disk: Disk, pool: BlockingPool) {
    self.path = path
    self.disk = disk
    self.pool = pool
  }

  func write(_ bytes: ByteBuffer) async throws {
    let mustFlush = try state.withLock { state throws(BlobStoreError) -> Bool in
      guard state.hasher != nil else { throw .closed }
      state.pending.writeImmutableBuffer(bytes)
      state.size += Int64(bytes.readableBytes)
      return state.file == nil ? state.size > Self.inMemoryLimit : state.pending.readableBytes >= Self.partSize
    }
    if mustFlush { try await pool.run { try self.state.withLock { state in try self.flush(&state) } } }
  }

  private func flush(_ state: inout State) throws(BlobStoreError) {
    guard state.hasher != nil else { throw .closed }
    do throws(BlobStoreError) {
      let file = if let open = state.file { open } else { try disk.create(path) }
      state.file = file
      // Swapped out and in again, which keeps its storage.
      var part = ByteBuffer()
      swap(&part, &state.pending)
      state.hasher?.update(part.readableBytesSpan)
      try disk.write(part.readableBytesSpan, to: file)
      part.clear()
      swap(&part, &state.pending)
    } catch {
      // A part may be on the disk twice or not at all: the blob cannot go on.
      state.hasher = nil
      throw error
    }
  }

  /// - Throws: ``BlobStoreError/mismatch(expected:actual:)``.
  func finish(expecting expected: Digest?) async throws -> (blob: PublishedBlob, content: Content) {
    try await pool.run { try self.complete(expecting: expected) }
  }

  private func complete(expecting expected: Digest?) throws -> (PublishedBlob, Content) {
    try state.withLock { state in
      if state.file != nil { try flush(&state) }
      guard var hasher = state.hasher.take() else { throw BlobStoreError.closed }
      if state.file == nil { hasher.update(state.pending.readableBytesSpan) }
      let digest = Digest(bytes: hasher.finish())
      if let expected, expected != digest { throw BlobStoreError.mismatch(expected: expected, actual: digest) }
      defer { state.pending = ByteBuffer() }
      let content: Content = if let file = state.file.take() { .file(file) } else { .memory(state.pending) }
      return (PublishedBlob(digest: digest, size: state.size), content)
    }
  }

  /// Drops what is here still. Safe to call at any time.
  func discard() async {
    // Nothing to report: what cannot be removed now is swept later.
    try? await pool.run { try self.remove() }
  }

  private func remove() throws(BlobStoreError) {
    let hadFile = state.withLock { state in
      state.hasher = nil
      return state.file.take() != nil
    }
    if hadFile { try disk.remove(path) }
  }
}
