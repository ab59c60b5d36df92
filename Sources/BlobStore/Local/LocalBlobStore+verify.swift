// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
import Foundation

extension LocalBlobStore {
  public func verify(_ digest: Digest) async throws {
    for try await _ in try await read(digest) {}
    try await verifyEnd(layout.compressed(digest), digest)
  }

  /// The same of one settled file.
  func verifyFile(_ path: String, _ digest: Digest) async throws {
    guard let content = try await pool.run({ try self.open(path, digest) }) else { return }
    for try await _ in try BlobBytes(digest: digest, content: content, range: nil, pool: pool) {}
    try await verifyEnd(path, digest)
  }

  private func verifyEnd(_ path: String, _ digest: Digest) async throws {
    guard path.hasSuffix(".lz4"), let frame = try await pool.run({ try OpenFile.reading(path) }) else { return }
    do {
      try await pool.run { try Self.verifyFrame(frame) }
    } catch let error as LZ4FrameError {
      throw BlobStoreError.damaged(digest, error.description)
    }
  }

  /// What reading by blocks passes over: the frame's end, and the checksum of the whole. Blocks the calling thread.
  private static func verifyFrame(_ file: OpenFile) throws {
    var decoder = try LZ4StreamDecoder()
    let size = try file.size()
    for offset in stride(from: 0, to: size, by: 1 << 20) {
      _ = try decoder.add(file.read(at: offset, count: Int(min(1 << 20, size - offset))))
    }
    try decoder.finish()
  }

  /// What of a content that is made of chunks is no good: chunks, or the content itself when its manifest is not. Empty when it is whole.
  func damaged(_ digest: Digest, _ content: ChunkedContent) async throws -> Set<Digest> {
    let manifest: Manifest
    do {
      manifest = try await self.manifest(of: digest, content)
    } catch BlobStoreError.damaged {
      // Which chunks it had is not known any more: all that are written anew stand for themselves.
      return [digest]
    }
    var damaged: Set<Digest> = []
    let chunks = manifest.distinctChunks
    for start in stride(from: 0, to: chunks.count, by: 256) {
      let part = chunks[start..<min(chunks.count, start + 256)]
      let places = try await index.places(of: Array(part))
      damaged.formUnion(
        try await pool.run { [layout] in
          let packs = PackFiles(layout: layout)
          return part.filter { chunk in
            guard let place = places[chunk] else { return true }
            return (try? packs.chunk(chunk, at: place, of: digest)) == nil
          }
        })
    }
    return damaged
  }

  /// Something that is wrong with a pack.
  public struct PackFinding: Equatable, Sendable {
    public let path: String
    public let reason: String
  }

  /// Packs that the index knows and that are missing, or whose own index is damaged, and packs that the index does not know. What is in them is
  /// checked with the contents that need it.
  public func checkPacks() async throws -> [PackFinding] {
    let known = try await index.packs()
    let found = try await pool.run { try self.packsOnDisk().map(\.id) }
    var findings: [PackFinding] = []
    for id in found {
      let reason: String? = try await pool.run {
        do {
          _ = try self.open(id)
          return nil
        } catch let damage as PackDamage {
          return damage.description
        } catch is MissingPack {
          // Written anew since.
          return nil
        }
      }
      if let reason {
        findings.append(PackFinding(path: layout.pack(id), reason: reason))
      }
    }
    // Asked again: what is written anew at this moment is known under another name.
    let missing = known.subtracting(found).intersection(try await index.packs())
    findings += missing.map { PackFinding(path: layout.pack($0), reason: "it is missing") }
    return findings.sorted { $0.path < $1.path }
  }

  /// Writes packs anew whose own index is damaged, from what the index of chunks knows of them. Those with damage in what is needed stay.
  public func repairPacks() async throws {
    for id in try await index.packs() {
      do {
        _ = try await pool.run { try self.open(id) }
      } catch is PackDamage {
        do { _ = try await compact(id) } catch BlobStoreError.damaged {}
      } catch is MissingPack {
        _ = try await index.retire(id)
      }
    }
  }
}
