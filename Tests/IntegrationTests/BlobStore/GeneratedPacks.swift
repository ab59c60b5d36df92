// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Foundation
import Synchronization
import TestSupport

@testable import BlobStore

/// Packs as an index sees them, without files, and a history of them that a seed decides. Chunks are named by one byte; which chunks a content has
/// is remembered for as long as the process lives.
struct GeneratedPacks {
  private var random: SeededGenerator
  private var admitted: [PackContents] = []

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  static func chunk(_ number: UInt8) -> Digest { Digest(bytes: SHA256Hasher.hash([number])) }

  static func chunks(of content: Digest) -> [Digest] { made.withLock { $0[content] ?? [] } }

  private static let made = Mutex<[Digest: [Digest]]>([:])

  /// - Parameter contents: of each the chunks it has, in order.
  mutating func pack(chunks: [UInt8], contents: [[UInt8]]) -> PackContents {
    var offset: Int64 = 16
    var entries: [PackEntry] = []
    for number in chunks {
      let size = Int64(number) + 10
      entries.append(
        PackEntry(
          kind: number % 2 == 0 ? .lz4Chunk : .rawChunk, digest: Self.chunk(number), offset: offset,
          storedSize: Int(size) - Int(number % 2), size: size))
      offset += size
    }
    var manifests: [Manifest] = []
    for content in contents {
      if content.count == 1 {
        // The chunk itself is the content.
        let manifest = Manifest.implied(Self.chunk(content[0]), size: Int(content[0]) + 10)
        Self.made.withLock { $0[manifest.digest] = manifest.distinctChunks }
        manifests.append(manifest)
        entries.append(
          PackEntry(kind: .manifest, digest: manifest.digest, offset: offset, storedSize: 0, size: manifest.size))
        offset += 1
        continue
      }
      let parts = content.map { Manifest.Part(digest: Self.chunk($0), size: Int($0) + 10) }
      let manifest = Manifest(digest: Digest(bytes: SHA256Hasher.hash([0] + content)), chunker: "test", parts: parts)
      Self.made.withLock { $0[manifest.digest] = manifest.distinctChunks }
      manifests.append(manifest)
      entries.append(
        PackEntry(kind: .manifest, digest: manifest.digest, offset: offset, storedSize: 50, size: manifest.size))
      offset += 50
    }
    let id = UUID()
    return PackContents(id: id, byteCount: offset + 64, entries: entries, manifests: manifests)
  }

  /// One thing that happens, to two indexes, and whether they answered alike.
  mutating func step(
    _ one: any ChunkIndex, _ other: any ChunkIndex, _ compare: (String, Bool) -> Void
  ) async throws {
    let subject = admitted.randomElement(using: &random)
    let digest = subject?.manifests.randomElement(using: &random)?.digest ?? Self.chunk(0)
    switch random.next() % 9 {
    case 0, 1, 2:
      let chunks = Set((0..<Int(random.next() % 5 + 1)).map { _ in UInt8(random.next() % 20) }).sorted()
      // Some content asks for a chunk that may be nowhere.
      let content = chunks + (random.next() % 4 == 0 ? [UInt8(random.next() % 20)] : [])
      let pack = pack(chunks: chunks, contents: [content] + chunks.prefix(Int(random.next() % 4)).map { [$0] })
      admitted.append(pack)
      compare("admit", try await one.admit(pack) == other.admit(pack))
    case 3:
      if let pack = admitted.randomElement(using: &random) {
        let again = PackContents(
          id: UUID(), byteCount: pack.byteCount, entries: pack.entries, manifests: pack.manifests)
        compare("admit a copy", try await one.admit(again) == other.admit(again))
        compare("retire", try await one.retire(again.id) == other.retire(again.id))
      }
    case 4: compare("condemn", try await one.condemn(digest) == other.condemn(digest))
    case 5: compare("restore", try await one.restore(digest) == other.restore(digest))
    case 6:
      let chunks = Self.chunks(of: digest)
      compare("remove", try await one.remove(digest, chunks: chunks) == other.remove(digest, chunks: chunks))
    case 7:
      let wasteful = try await Set(one.wasteful(olderThan: .seconds(-10), limit: 1000))
      compare("wasteful", try await wasteful == Set(other.wasteful(olderThan: .seconds(-10), limit: 1000)))
      guard let pack = wasteful.sorted(by: { $0.uuidString < $1.uuidString }).first else { return }
      try await rewrite(pack, one, other, compare)
    default:
      let chunks = (UInt8(0)..<22).map(Self.chunk)
      compare("known", try await one.known(among: chunks) == other.known(among: chunks))
      compare("places", try await one.places(of: chunks) == other.places(of: chunks))
      compare("content", try await one.content(digest) == other.content(digest))
    }
  }

  /// A content may be the chunk of the same digest.
  private struct Name: Hashable {
    let digest: Digest
    let isChunk: Bool

    init(_ entry: PackEntry) { (digest, isChunk) = (entry.digest, entry.isChunk) }
  }

  private mutating func rewrite(
    _ pack: UUID, _ one: any ChunkIndex, _ other: any ChunkIndex, _ compare: (String, Bool) -> Void
  ) async throws {
    let needed = try await one.needed(of: pack)
    compare("needed", try await needed == other.needed(of: pack))
    // All packs name chunks and contents alike, so any that has them says how an entry looks.
    let entries = Dictionary(admitted.flatMap(\.entries).map { (Name($0), $0) }) { first, _ in first }
    var kept = needed.map(Name.init).sorted { ($0.digest, $0.isChunk ? 1 : 0) < ($1.digest, $1.isChunk ? 1 : 0) }
    if random.next() % 4 == 0, !kept.isEmpty { kept.removeLast() }
    let copy = PackContents(
      id: UUID(), byteCount: 1000, entries: kept.compactMap { entries[$0] }, manifests: [])
    let given = kept.isEmpty ? nil : copy
    compare("replace", try await one.replace(pack, with: given) == other.replace(pack, with: given))
  }
}
