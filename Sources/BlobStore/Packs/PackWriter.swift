// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation

/// One pack while it is being written into `staged`. Blocks the calling thread. Nothing is synced: whoever publishes the file does that.
struct PackWriter: ~Copyable {
  private static let bufferSize = 1 << 20

  let id = UUID()
  private let disk: Disk
  private let file: OpenFile
  private var entries: [PackEntry] = []
  private var manifests: [Manifest] = []
  private let compressedKind: PackEntry.Kind
  private var compressor: ChunkCompressor
  /// What was added and not written yet.
  private var buffer: [UInt8] = PackFormat.header
  private var written: Int64 = 0

  init(path: String, compression: ChunkCompression, disk: Disk) throws(BlobStoreError) {
    compressor = ChunkCompressor(compression)
    compressedKind = PackEntry.Kind(compression.codec)
    self.disk = disk
    file = try disk.create(path)
  }

  /// Bytes so far.
  var byteCount: Int64 { written + Int64(buffer.count) }

  /// Adds a chunk in whichever form is smaller.
  mutating func add(_ chunk: RawSpan, digest: Digest) throws(BlobStoreError) {
    let offset = byteCount
    let isCompressed = compressor.append(chunk, to: &buffer)
    try note(isCompressed ? compressedKind : .rawChunk, digest, at: offset, size: Int64(chunk.byteCount))
  }

  /// Adds something of another pack as it is there.
  mutating func add(_ entry: PackEntry, stored: [UInt8], manifest: Manifest?) throws(BlobStoreError) {
    let offset = byteCount
    buffer += stored
    if let manifest { manifests.append(manifest) }
    try note(entry.kind, entry.digest, at: offset, size: entry.size)
  }

  mutating func add(_ manifest: Manifest) throws(BlobStoreError) {
    let offset = byteCount
    buffer += manifest.encoded()
    manifests.append(manifest)
    try note(.manifest, manifest.digest, at: offset, size: manifest.size)
  }

  private mutating func note(
    _ kind: PackEntry.Kind, _ digest: Digest, at offset: Int64, size: Int64
  ) throws(BlobStoreError) {
    entries.append(
      PackEntry(kind: kind, digest: digest, offset: offset, storedSize: Int(byteCount - offset), size: size))
    if buffer.count >= Self.bufferSize { try flush() }
  }

  private mutating func flush() throws(BlobStoreError) {
    try disk.write(buffer.span.bytes, to: file)
    written += Int64(buffer.count)
    buffer.removeAll(keepingCapacity: true)
  }

  /// Ends the pack with its index.
  /// - Returns: what it holds, and its file, to be published.
  consuming func finish() throws(BlobStoreError) -> WrittenPack {
    buffer += PackFormat.trailer(entries, at: byteCount)
    try flush()
    return WrittenPack(
      file: file, contents: PackContents(id: id, byteCount: written, entries: entries, manifests: manifests))
  }

  /// Drops the file.
  consuming func discard() throws(BlobStoreError) { try disk.remove(file.path) }
}

/// A pack that is written whole, and neither durable nor visible yet.
struct WrittenPack: Sendable {
  let file: OpenFile
  let contents: PackContents
}

extension ChunkCompression {
  var codec: Codec {
    switch self {
    case .lz4: .lz4
    case .zstd: .zstd
    }
  }
}
