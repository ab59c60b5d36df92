// SPDX-License-Identifier: Apache-2.0

import BlobStore

/// What the store tells of its chunks, remembered for a while: counting them reads one row for each.
actor StoreTotals {
  private let blobs: any BlobStore
  private var known: ChunkTotals?
  private var countedAt = ContinuousClock.now
  private var validity: Duration = .zero

  /// Counting takes at most this part of the time, however often it is asked for.
  private static let share = 50

  init(blobs: any BlobStore) { self.blobs = blobs }

  func current() async throws -> ChunkTotals {
    let start = ContinuousClock.now
    if let known, countedAt.duration(to: start) < validity { return known }
    let totals = try await blobs.chunkTotals()
    (known, countedAt) = (totals, .now)
    validity = start.duration(to: countedAt) * Self.share
    return totals
  }
}
