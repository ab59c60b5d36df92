// SPDX-License-Identifier: Apache-2.0

import Metrics

/// What blob stores tell about themselves; see docs/operations.md.
enum BlobMetrics {
  private static let roundSize = Recorder(label: "onefold_blob_sync_round_size")
  private static let roundDuration = Timer(
    label: "onefold_blob_sync_duration_seconds", preferredDisplayUnit: .seconds)
  private static let published = Counter(label: "onefold_blob_published_bytes_total")
  private static let damaged = Counter(label: "onefold_blob_damaged_total")

  static func synced(_ count: Int, in time: Duration) {
    roundSize.record(count)
    roundDuration.record(duration: time)
  }

  static func published(_ blob: PublishedBlob) { published.increment(by: blob.size) }

  private static let differences = Counter(label: "onefold_blob_recount_differences_total")
  private static let mendings = Counter(label: "onefold_blob_mended_total")

  /// Shows every counter from the start, at zero: the first increment would be lost to a rate.
  static func begin() {
    for counter in [published, damaged, mendings, differences] { counter.increment(by: 0) }
  }

  /// Counts what the index of chunks says otherwise than the packs.
  static func recounted(_ recount: StoreRecount) { differences.increment(by: recount.differences.count) }

  /// Counts a damaged content that was sent again.
  static func mended() { mendings.increment() }

  /// Counts a pack that cannot be read as one.
  static func packDamaged() { damaged.increment() }

  /// Counts `error` if it tells of damage.
  static func note(_ error: any Error) {
    if case BlobStoreError.damaged = error { damaged.increment() }
  }
}
