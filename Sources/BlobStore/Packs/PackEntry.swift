// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation

/// One thing that a pack holds, as the index at the pack's end says it.
struct PackEntry: Equatable, Sendable {
  /// Part of the format: values are never given another meaning.
  enum Kind: UInt8, Sendable {
    /// A chunk as it is.
    case rawChunk = 0
    /// A chunk as one LZ4 block.
    case lz4Chunk = 1
    /// A chunk as one Zstandard frame.
    case zstdChunk = 2
    /// The manifest of a content; of no bytes when the content is the chunk of the same digest.
    case manifest = 16

    /// Of a chunk.
    init(_ codec: Codec) {
      switch codec {
      case .none: self = .rawChunk
      case .lz4: self = .lz4Chunk
      case .zstd: self = .zstdChunk
      }
    }
  }

  let kind: Kind
  /// Of the chunk's bytes, or of the content that the manifest is of.
  let digest: Digest
  /// Where it begins in the pack.
  let offset: Int64
  /// Bytes in the pack.
  let storedSize: Int
  /// Bytes of the chunk, or of the content.
  let size: Int64

  var isChunk: Bool { kind != .manifest }

  var codec: Codec {
    switch kind {
    case .rawChunk, .manifest: .none
    case .lz4Chunk: .lz4
    case .zstdChunk: .zstd
    }
  }

  static let byteCount = 1 + Digest.byteCount + 8 + 4 + 8

  func append(to bytes: inout [UInt8]) {
    bytes.append(kind.rawValue)
    bytes += digest.bytes
    bytes.appendLittleEndian(UInt64(offset))
    bytes.appendLittleEndian(UInt32(storedSize))
    bytes.appendLittleEndian(UInt64(size))
  }

  /// - Returns: nil for a kind that this version does not know, and for numbers that no pack has.
  init?(_ bytes: RawSpan, at start: Int) {
    let digest = start + 1
    let numbers = digest + Digest.byteCount
    guard let kind = Kind(rawValue: bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self)),
      let offset = Int64(exactly: bytes.littleEndian64(at: numbers)),
      let size = Int64(exactly: bytes.littleEndian64(at: numbers + 12))
    else { return nil }
    self.init(
      kind: kind, digest: Digest(bytes: bytes.extracting(digest..<numbers).withUnsafeBytes(Array.init)), offset: offset,
      storedSize: Int(bytes.littleEndian32(at: numbers + 8)), size: size)
  }

  init(kind: Kind, digest: Digest, offset: Int64, storedSize: Int, size: Int64) {
    self.kind = kind
    self.digest = digest
    self.offset = offset
    self.storedSize = storedSize
    self.size = size
  }
}

/// A pack that is on the disk: all that the index of chunks has to know of it.
struct PackContents: Sendable {
  let id: UUID
  /// Bytes of its file.
  let byteCount: Int64
  let entries: [PackEntry]
  /// Of the contents whose manifests it holds.
  let manifests: [Manifest]
  /// Where those manifests are.
  private let manifestEntries: [Digest: PackEntry]

  init(id: UUID, byteCount: Int64, entries: [PackEntry], manifests: [Manifest]) {
    self.id = id
    self.byteCount = byteCount
    self.entries = entries
    self.manifests = manifests
    manifestEntries = entries.reduce(into: [:]) { found, entry in if !entry.isChunk { found[entry.digest] = entry } }
  }

  /// Of its chunks, or of the contents whose manifests it holds: a content may be the chunk of the same digest.
  func digests(areChunks: Bool) -> Set<Digest> { Set(entries.filter { $0.isChunk == areChunks }.map(\.digest)) }

  /// Chunks that are whole contents, of which it has the manifest.
  var wholeContents: [PackEntry] {
    let implied = Set(manifests.filter(\.isImplied).map(\.digest))
    return implied.isEmpty ? [] : entries.filter { $0.isChunk && implied.contains($0.digest) }
  }

  func entry(of manifest: Manifest) -> PackEntry? { entry(ofContent: manifest.digest) }

  /// That of the content's manifest.
  func entry(ofContent digest: Digest) -> PackEntry? { manifestEntries[digest] }
}

extension ChunkPlace {
  init(_ entry: PackEntry, in pack: UUID) {
    self.init(
      pack: pack, offset: entry.offset, storedSize: entry.storedSize, size: Int(entry.size),
      codec: entry.codec)
  }
}
