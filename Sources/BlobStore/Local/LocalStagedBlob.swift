// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import NIOCore
import Synchronization

/// A staged content of a ``LocalBlobStore``.
///
/// What is in memory still when it is finished has its digest first: nothing is written when the blob is there already, and otherwise it is
/// written in its final form.
final class LocalStagedBlob: StagedBlob {
  private let store: LocalBlobStore
  private let path: String
  private let spool: Spool

  init(store: LocalBlobStore) {
    self.store = store
    path = store.layout.newStagedPath()
    spool = Spool(path: path, disk: store.disk, pool: store.pool)
  }

  func write(_ bytes: ByteBuffer) async throws { try await spool.write(bytes) }

  func finish(expecting expected: Digest?) async throws -> PublishedBlob {
    let blob = try await publish(expecting: expected)
    BlobMetrics.published(blob)
    return blob
  }

  /// The same, without being counted.
  func publish(expecting expected: Digest?) async throws -> PublishedBlob {
    let (blob, content) = try await spool.finish(expecting: expected)
    if case .memory(let bytes) = content, try await store.keepsInPacks(bytes, blob.digest) { return blob }
    try await store.durability.publish(
      try await store.pool.run { try self.publication(of: blob.digest, content) })
    return blob
  }

  func discard() async { await spool.discard() }

  private func publication(of digest: Digest, _ content: Spool.Content) throws -> DurabilityGroup.Publication {
    switch content {
    case .memory(let bytes): try settled(digest, bytes)
    case .file(let file):
      .init(origin: .staged(file), name: store.layout.raw(digest), directory: store.layout.rawDirectory(digest))
    }
  }

  /// Writes a body that is in memory as it will stay, unless a blob of the same digest is there, and whole: these bytes may be the last good
  /// ones.
  private func settled(_ digest: Digest, _ content: ByteBuffer) throws -> DurabilityGroup.Publication {
    let frame = try SettledBlob.compress(content.readableBytesSpan)
    let existing = try store.locate(digest)
    if let existing, try Self.isWhole(existing.path, content.readableBytesSpan, frame) {
      return .init(origin: .present, name: existing.path, directory: existing.directory)
    }
    let file = try store.disk.create(path)
    do {
      if let frame {
        try store.disk.write(frame.span.bytes, to: file)
      } else {
        try store.disk.write(content.readableBytesSpan, to: file)
      }
    } catch {
      try? store.disk.remove(path)
      throw error
    }
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
}

extension RawSpan {
  fileprivate func isEqual(to other: RawSpan) -> Bool {
    byteCount == other.byteCount
      && withUnsafeBytes { mine in other.withUnsafeBytes { other in mine.elementsEqual(other) } }
  }
}
