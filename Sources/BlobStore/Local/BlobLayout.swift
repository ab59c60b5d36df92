// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Glibc

/// Where things lie under the root of a store.
///
/// ```
/// staged/<name>                 being written; never read
/// raw/<2 hex>/<hex>             published as it came: what is larger than 256 KiB
/// settled/<2 hex>/<hex>.lz4     a small content, published as a seekable LZ4 frame
/// settled/<2 hex>/<hex>         a small content that is not worth compressing
/// condemned/<hex>.{raw,lz4,none}  each of these forms, to be removed if nothing refers to it after a while
/// packs/<2 hex>/<name>.pack     chunks of larger contents, and small ones that came together; a ``ChunkIndex`` knows them
/// chunking.secret               what the larger contents are cut by
/// ```
/// A blob moves downwards in this list, and its new form is there before the old one goes. So a look-up in this order never misses it,
/// unless a condemned one is restored at that moment: whoever finds nothing looks once more.
///
/// Earlier versions settled larger contents too as frames, or as they came: those stay as they are.
struct BlobLayout: Sendable {
  let root: String

  var staged: String { "\(root)/staged" }
  var condemned: String { "\(root)/condemned" }

  /// A new name in `staged`.
  func newStagedPath() -> String { "\(staged)/\(UUID().uuidString.lowercased())" }

  func rawDirectory(_ digest: Digest) -> String { "\(root)/raw/\(digest.hex.prefix(2))" }
  func settledDirectory(_ digest: Digest) -> String { "\(root)/settled/\(digest.hex.prefix(2))" }

  func raw(_ digest: Digest) -> String { "\(rawDirectory(digest))/\(digest.hex)" }
  func compressed(_ digest: Digest) -> String { "\(settledDirectory(digest))/\(digest.hex).lz4" }
  func uncompressed(_ digest: Digest) -> String { "\(settledDirectory(digest))/\(digest.hex)" }

  var packs: String { "\(root)/packs" }
  var chunkingSecret: String { "\(root)/chunking.secret" }

  func packDirectory(_ id: UUID) -> String { "\(packs)/\(id.uuidString.lowercased().prefix(2))" }
  func pack(_ id: UUID) -> String { "\(packDirectory(id))/\(id.uuidString.lowercased()).pack" }

  var condemnationLock: CondemnationLock { CondemnationLock(directory: condemned) }

  /// The name of a condemned form.
  func condemned(_ digest: Digest, _ form: String) -> String { "\(condemned)/\(digest.hex).\(form)" }

  /// Creates every directory, durably. They are all made at once, so that no upload has to make one, and to make it durable.
  func create(on disk: Disk) throws(BlobStoreError) {
    try disk.createDirectory(root)
    for parent in [staged, condemned, "\(root)/raw", "\(root)/settled", packs] { try disk.createDirectory(parent) }
    for parent in ["\(root)/raw", "\(root)/settled", packs] {
      // Made in order, so the last one stands for all.
      if access("\(parent)/ff", F_OK) != 0 {
        for shard in 0..<256 { try disk.createDirectory("\(parent)/\([UInt8(shard)].hex)") }
      }
      try disk.syncDirectory(parent)
    }
    try disk.syncDirectory(root)
  }
}
