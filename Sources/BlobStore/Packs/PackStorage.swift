// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Foundation

/// Where packs are kept: in files of a directory, or in objects of a bucket. Blocks the calling thread, except for ``publish(_:)``.
protocol PackStorage: Sendable {
  /// Nil when it is not there.
  func open(_ id: UUID) throws(BlobStoreError) -> (any PackBytes)?

  /// Makes a pack durable under its name. Its staged file is gone afterwards.
  func publish(_ pack: WrittenPack) async throws

  /// Removes a pack, if it is there.
  func remove(_ id: UUID) throws(BlobStoreError)

  /// All that are there, each with the second in which it was written.
  func list() throws(BlobStoreError) -> [(id: UUID, written: time_t)]

  /// The name that people find it by.
  func name(of id: UUID) -> String
}

/// The bytes of one pack. Blocks the calling thread.
protocol PackBytes: Sendable {
  func size() throws(BlobStoreError) -> Int64

  /// Bytes from a place on; fewer than `count` only at the end.
  /// - Throws: ``BlobStoreError``; ``MissingPack``, where a pack may go while it is open.
  func read(at offset: Int64, count: Int) throws -> [UInt8]
}

/// Where a pack is written before it is published. Blocks the calling thread.
struct PackStaging: Sendable {
  let layout: BlobLayout
  let disk: Disk
  let compression: ChunkCompression

  func writer() throws(BlobStoreError) -> PackWriter {
    try PackWriter(path: layout.newStagedPath(), compression: compression, disk: disk)
  }
}
