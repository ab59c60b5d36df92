// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import Foundation
import Projections

/// The state of the bytes, as administrators see it.
struct StoreHealthBody: Encodable {
  /// Damaged contents that are listed, and files of each, at most.
  static let damageLimit = 100
  static let holderLimit = 5

  struct Scrub: Encodable {
    let underWay: Bool
    @Nullable var startedAt: Date?
    @Nullable var finishedAt: Date?
    let contents: Int64
    let bytes: Int64
    /// Of everything that files have now.
    let totalContents: Int64
    let totalBytes: Int64
  }

  struct Damaged: Encodable {
    let digest: Digest
    let size: Int64
    let reason: String
    let foundAt: Date
    let checkedAt: Date
    let holders: [Holder]
  }

  struct Holder: Encodable {
    let owner: String
    let path: String
  }

  let scrub: Scrub
  let damaged: Int64
  let items: [Damaged]

  static func read(_ health: StoreHealth, _ contents: ContentViews) async throws -> StoreHealthBody {
    let pass = try await health.pass()
    let totals = try await contents.totals()
    var items: [Damaged] = []
    for damage in try await health.damage(limit: damageLimit) {
      let holders = try await contents.holders(of: damage.digest, limit: holderLimit)
      items.append(
        Damaged(
          digest: damage.digest, size: damage.size, reason: damage.reason, foundAt: damage.foundAt,
          checkedAt: damage.checkedAt, holders: holders.map { Holder(owner: $0.owner.text, path: $0.path) }))
    }
    return StoreHealthBody(
      scrub: Scrub(
        underWay: pass.isUnderWay, startedAt: pass.startedAt,
        finishedAt: pass.finishedAt, contents: pass.contents, bytes: pass.bytes,
        totalContents: totals.contents, totalBytes: totals.bytes),
      damaged: try await health.damagedCount(), items: items)
  }
}
