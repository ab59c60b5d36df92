// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import NIOCore
import Synchronization

/// A content that is made of chunks in packs. Every chunk is checked against its digest as it is read.
final class PackedContent: BlobContent {
  /// Chunks whose places are asked for at a time.
  private static let lookAhead = 256

  let size: Int64
  let verifiesItself = true

  private let manifest: Manifest
  /// Where each part begins, and the end.
  private let offsets: [Int64]
  private let packs: PackFiles
  private let index: any ChunkIndex
  /// Of the parts last asked for.
  private let places = Mutex<[Digest: ChunkPlace]>([:])

  init(_ manifest: Manifest, packs: PackFiles, index: any ChunkIndex) {
    self.manifest = manifest
    self.packs = packs
    self.index = index
    var offset: Int64 = 0
    var offsets: [Int64] = [0]
    offsets.reserveCapacity(manifest.parts.count + 1)
    for part in manifest.parts {
      offset += Int64(part.size)
      offsets.append(offset)
    }
    self.offsets = offsets
    size = offset
  }

  func read(
    at offset: Int64, upTo end: Int64, on pool: BlockingPool?,
    then check: @escaping @Sendable (ByteBuffer) throws -> Void
  ) async throws -> ByteBuffer {
    let first = part(at: offset)
    let until = min(end, offset + Int64(BlobBytes.bufferSize))
    let parts = first..<part(at: until - 1) + 1
    // A pack may be written anew between the look at the index and the reading. Then the index knows better.
    var attempts = 0
    while true {
      let places = try await places(of: parts, afresh: attempts > 0)
      do {
        return try await BlockingPool.run(on: pool) {
          let buffer = try self.bytes(offset..<until, parts, places)
          try check(buffer)
          return buffer
        }
      } catch let missing as MissingPack {
        attempts += 1
        guard attempts < 3 else { throw BlobStoreError.damaged(manifest.digest, missing.description) }
      }
    }
  }

  /// The part that a byte is in.
  private func part(at offset: Int64) -> Int {
    var (low, high) = (0, manifest.parts.count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if offsets[middle] <= offset { low = middle } else { high = middle - 1 }
    }
    return low
  }

  private func places(of parts: Range<Int>, afresh: Bool) async throws -> [Digest: ChunkPlace] {
    let known = places.withLock { $0 }
    if !afresh, manifest.parts[parts].allSatisfy({ known[$0.digest] != nil }) { return known }
    let wanted = manifest.parts[parts.lowerBound..<min(manifest.parts.count, parts.lowerBound + Self.lookAhead)]
    let places = try await index.places(of: Array(Set(wanted.map(\.digest))))
    self.places.withLock { $0 = places }
    return places
  }

  /// Blocks the calling thread.
  private func bytes(
    _ range: Range<Int64>, _ parts: Range<Int>, _ places: [Digest: ChunkPlace]
  ) throws -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(Int(range.upperBound - range.lowerBound))
    for number in parts {
      let part = manifest.parts[number]
      guard let place = places[part.digest] else {
        throw BlobStoreError.damaged(manifest.digest, "its chunk \(part.digest) is not in the index")
      }
      let chunk = try packs.chunk(part.digest, at: place, of: manifest.digest)
      let start = max(0, range.lowerBound - offsets[number])
      let end = min(Int64(chunk.count), range.upperBound - offsets[number])
      guard chunk.count == part.size else {
        throw BlobStoreError.damaged(
          manifest.digest, "its chunk \(part.digest) has another size than its manifest says")
      }
      buffer.writeBytes(chunk[Int(start)..<Int(end)])
    }
    return buffer
  }
}

/// A pack that is not there.
struct MissingPack: Error, CustomStringConvertible {
  let name: String

  var description: String { "the pack \(name) is gone" }
}

/// Reads chunks and manifests. Blocks the calling thread.
final class PackFiles: Sendable {
  /// Packs held open; a content that was written at once lies in few.
  private static let openLimit = 8

  private let storage: any PackStorage
  private let open = Mutex<[UUID: any PackBytes]>([:])

  init(storage: any PackStorage) { self.storage = storage }

  /// A chunk's bytes, checked against its digest.
  /// - Throws: ``MissingPack``; ``BlobStoreError/damaged(_:_:)``, which names `content`.
  func chunk(_ digest: Digest, at place: ChunkPlace, of content: Digest) throws -> [UInt8] {
    let stored = try bytes(of: place.pack, at: place.offset, count: place.storedSize, of: content)
    guard let chunk = Self.chunk(stored, place.codec, size: place.size, digest: digest) else {
      throw BlobStoreError.damaged(
        content, "its chunk \(digest) is damaged, at byte \(place.offset) of \(storage.name(of: place.pack))")
    }
    return chunk
  }

  /// Whether a chunk can be read. What cannot be known at the moment is thrown.
  func isWhole(_ digest: Digest, at place: ChunkPlace, of content: Digest) throws -> Bool {
    do {
      _ = try chunk(digest, at: place, of: content)
      return true
    } catch let error as BlobStoreError where error.isTransient {
      throw error
    } catch is BlobStoreError, is MissingPack {
      return false
    }
  }

  /// The bytes of a chunk from its stored form; nil when they are not those of its digest.
  static func chunk(_ stored: [UInt8], _ codec: Codec, size: Int, digest: Digest) -> [UInt8]? {
    let chunk =
      switch codec {
      case .none: stored
      case .lz4: CompressedChunk.lz4(stored.span.bytes, count: size)
      case .zstd: CompressedChunk.zstd(stored.span.bytes, count: size)
      }
    guard let chunk, SHA256Hasher.hash(chunk) == digest.bytes else { return nil }
    return chunk
  }

  func manifest(of content: Digest, _ place: ChunkedContent) throws -> Manifest {
    if place.isOneChunk { return .implied(content, size: Int(place.settled.size)) }
    let bytes = try bytes(of: place.pack, at: place.offset, count: place.storedSize, of: content)
    do throws(PackDamage) {
      return try Manifest(bytes, of: content, size: place.settled.size)
    } catch {
      throw BlobStoreError.damaged(
        content, "\(error.description), at byte \(place.offset) of \(storage.name(of: place.pack))")
    }
  }

  private func bytes(of pack: UUID, at offset: Int64, count: Int, of content: Digest) throws -> [UInt8] {
    let bytes = try file(of: pack).read(at: offset, count: count)
    guard bytes.count == count else {
      throw BlobStoreError.damaged(content, "\(storage.name(of: pack)) ends before byte \(offset + Int64(count))")
    }
    return bytes
  }

  private func file(of pack: UUID) throws -> any PackBytes {
    if let file = open.withLock({ $0[pack] }) { return file }
    guard let file = try storage.open(pack) else { throw MissingPack(name: storage.name(of: pack)) }
    open.withLock { open in
      if open.count >= Self.openLimit { open = [:] }
      open[pack] = file
    }
    return file
  }
}
