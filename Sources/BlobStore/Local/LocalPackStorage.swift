// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation

/// Packs in a directory tree.
struct LocalPackStorage: PackStorage {
  let layout: BlobLayout
  let disk: Disk
  let durability: DurabilityGroup

  func open(_ id: UUID) throws(BlobStoreError) -> (any PackBytes)? { try OpenFile.reading(layout.pack(id)) }

  func publish(_ pack: WrittenPack) async throws {
    let id = pack.contents.id
    try await durability.publish(
      .init(origin: .staged(pack.file), name: layout.pack(id), directory: layout.packDirectory(id)))
  }

  func remove(_ id: UUID) throws(BlobStoreError) { try disk.remove(layout.pack(id)) }

  func list() throws(BlobStoreError) -> [(id: UUID, written: time_t)] {
    var packs: [(id: UUID, written: time_t)] = []
    for shard in 0..<256 {
      try disk.list("\(layout.packs)/\([UInt8(shard)].hex)") { name, written throws(BlobStoreError) in
        if name.hasSuffix(".pack"), let id = UUID(uuidString: String(name.dropLast(5))) { packs.append((id, written)) }
      }
    }
    return packs
  }

  func name(of id: UUID) -> String { layout.pack(id) }
}

extension OpenFile: PackBytes {}
