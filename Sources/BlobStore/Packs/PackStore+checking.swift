// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

extension PackStore {
  /// Which of some contents, one chunk each, are whole.
  func check(_ known: [Digest: ChunkedContent]) async throws -> (whole: Set<Digest>, damaged: Set<Digest>) {
    let places = try await index.places(of: Array(known.keys))
    let results = await pool.each(known.map { ($0.key, $0.value) }) { digest, content in
      guard let place = places[digest], place.size == content.settled.size else { return false }
      return try files.isWhole(digest, at: place, of: digest)
    }
    var (whole, damaged): (Set<Digest>, Set<Digest>) = ([], [])
    for (digest, result) in zip(known.keys, results) {
      if try result.get() { whole.insert(digest) } else { damaged.insert(digest) }
    }
    return (whole, damaged)
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
        try await pool.run {
          let packs = files
          return try part.filter { chunk in
            guard let place = places[chunk] else { return true }
            return try !packs.isWhole(chunk, at: place, of: digest)
          }
        })
    }
    return damaged
  }

  /// Packs that the index knows and that are missing, or whose own index is damaged, and packs that the index does not know. What is in them is
  /// checked with the contents that need it.
  func checkPacks() async throws -> [PackFinding] {
    let known = try await index.packs()
    let found = try await pool.run { try storage.list().map(\.id) }
    var findings: [PackFinding] = []
    for id in found {
      let reason: String? = try await pool.run {
        do {
          _ = try open(id) as (any PackBytes, [PackEntry])
          return nil
        } catch let damage as PackDamage {
          return damage.description
        } catch is MissingPack {
          // Written anew since.
          return nil
        }
      }
      if let reason {
        findings.append(PackFinding(path: storage.name(of: id), reason: reason))
      }
    }
    // Asked again: what is written anew at this moment is known under another name.
    let missing = known.subtracting(found).intersection(try await index.packs())
    findings += missing.map { PackFinding(path: storage.name(of: $0), reason: "it is missing") }
    return findings.sorted { $0.path < $1.path }
  }

  /// Writes packs anew whose own index is damaged, from what the index of chunks knows of them. Those with damage in what is needed stay.
  func repairPacks() async throws {
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

  /// Nil for a content that is not made of chunks.
  func form(of digest: Digest) async throws -> (form: BlobForm, isCondemned: Bool)? {
    guard let content = try await index.content(digest) else { return nil }
    let chunks = try await manifest(of: digest, content).distinctChunks
    var (packs, own): (Set<UUID>, Int64) = ([], 0)
    for start in stride(from: 0, to: chunks.count, by: 10_000) {
      let part = Array(chunks[start..<min(chunks.count, start + 10_000)])
      packs.formUnion(try await index.places(of: part).values.map(\.pack))
      own += try await index.bytesOfOneContent(among: part)
    }
    let form = BlobForm.chunks(
      count: chunks.count, packs: packs.count, bytes: content.settled.storedBytes, ownBytes: own)
    return (form, content.isCondemned)
  }
}
