// SPDX-License-Identifier: Apache-2.0

import BlobStore

/// What `onefold fsck` found.
struct StoreReport: Encodable {
  struct Damaged: Encodable {
    let digest: String
    /// Bytes.
    let size: Int64
    let reason: String
    /// Some of the files that have it.
    let holders: [Holder]
  }

  struct Holder: Encodable {
    let owner: String
    let path: String
  }

  struct Finding: Encodable {
    let path: String
    let reason: String
  }

  /// Checked.
  var contents = 0
  var bytes: Int64 = 0
  /// Contents that the index did not know and knows now.
  var found = 0
  var damaged: [Damaged] = []
  /// Packs that are missing, or not what they were.
  var packs: [Finding] = []
  var totals = ChunkTotals()
  /// Where the index of chunks says something else than the packs.
  var differences: [String] = []
  /// Chunks that were compared.
  var recounted = 0

  var isWhole: Bool { damaged.isEmpty && packs.isEmpty && differences.isEmpty }

  var text: String {
    var lines: [String] = []
    for content in damaged {
      lines.append("DAMAGED  \(content.reason)")
      for holder in content.holders { lines.append("         \(holder.path) of account \(holder.owner)") }
    }
    for pack in packs { lines.append("PACK     \(pack.path): \(pack.reason)") }
    for difference in differences { lines.append("RECOUNT  \(difference)") }
    if found > 0 {
      lines.append("\(Format.count(found)) contents were in packs that the index did not know; it does now.")
    }
    lines.append(
      "\(Format.count(contents)) contents (\(Format.bytes(bytes))) checked, "
        + (damaged.isEmpty ? "all whole." : "\(Format.count(damaged.count)) damaged: send a file that has them again."))
    lines.append(
      "\(Format.count(Int(totals.packs))) packs (\(Format.bytes(totals.packBytes))) hold "
        + "\(Format.count(Int(totals.contents))) contents of \(Format.bytes(totals.contentBytes)) in "
        + "\(Format.count(Int(totals.chunks))) chunks: \(Format.bytes(totals.chunkBytes)) once each, "
        + "\(Format.bytes(totals.storedBytes)) compressed; \(Format.bytes(totals.wastedBytes)) wait to be given back.")
    if differences.isEmpty {
      lines.append("A recount of \(Format.count(recounted)) chunks from the packs agrees with the index.")
    }
    return lines.joined(separator: "\n")
  }
}
