// SPDX-License-Identifier: Apache-2.0

import BlobStore
import EventStore
import Projections

/// What all accounts' files take. Each step counts what the one before left: files, distinct contents, distinct parts, compressed.
struct InstallationSavingsBody: Encodable, Equatable {
  let files: Int64
  let logicalBytes: Int64
  let uniqueBytes: Int64
  let storedBytes: Int64
  let savedByDuplicates: Int64
  let savedByParts: Int64
  let savedByCompression: Int64
  let wastedBytes: Int64
  let position: Int64

  /// - Parameters:
  ///   - savings: where each content counts for itself, as if it shared no chunk.
  ///   - totals: of those that consist of chunks.
  init(_ savings: Savings, _ totals: ChunkTotals) {
    files = savings.files
    logicalBytes = savings.logicalBytes
    uniqueBytes = savings.uniqueBytes
    savedByDuplicates = savings.savedByDuplicates
    savedByParts = totals.contentBytes - totals.chunkBytes
    storedBytes = savings.storedBytes - totals.separateBytes + totals.storedBytes
    savedByCompression = uniqueBytes - savedByParts - storedBytes
    wastedBytes = totals.wastedBytes
    position = savings.position.rawValue
  }
}
