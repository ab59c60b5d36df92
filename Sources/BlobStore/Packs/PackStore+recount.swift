// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

extension PackStore {
  /// Counts from the packs what the index says of the chunks of a share, how many contents need each, and looks in the packs of a share whether its
  /// chunks are where it says, to the byte. Reads the ends of packs and the manifests, no chunk.
  ///
  /// Others may go on meanwhile: counts are compared within one snapshot of the index, and packs never change.
  func recount(_ share: StoreRecount.Share) async throws -> StoreRecount {
    var recount = try await index.recount(share) { digest, content in
      do {
        return try await manifest(of: digest, content).distinctChunks
      } catch BlobStoreError.notFound, BlobStoreError.damaged {
        return nil
      }
    }
    for pack in try await index.packs() where share.contains(pack) {
      let placed = try await index.needed(of: pack).filter(\.isChunk)
      guard !placed.isEmpty, let entries = try await entries(of: pack) else { continue }
      for chunk in placed where entries[chunk.digest] != chunk {
        // Asked again: packs are written anew, and chunks find another place.
        let now = try await index.places(of: [chunk.digest])[chunk.digest]
        if now?.pack == pack, now?.offset == chunk.offset {
          recount.note(.place(chunk.digest, pack: storage.name(of: pack)))
        }
      }
    }
    BlobMetrics.recounted(recount)
    return recount
  }

  /// The chunks of a pack; nil for one that is gone, or damaged, which `checkPacks` tells.
  private func entries(of pack: UUID) async throws -> [Digest: PackEntry]? {
    try await pool.run {
      do {
        let (_, entries) = try open(pack)
        return Dictionary(entries.filter(\.isChunk).map { ($0.digest, $0) }) { first, _ in first }
      } catch is MissingPack {
        return nil
      } catch is PackDamage {
        return nil
      }
    }
  }
}
