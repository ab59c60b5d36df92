// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Projections

/// Files with the same bytes.
struct IdenticalGroupBody: Encodable {
  let id: String
  let `class` = "identical"
  let digest: Digest
  let size: Int64
  let copies: Int64
  let reclaimableBytes: Int64
  let matchedAt: Date
  let files: [Member]

  struct Member: Encodable {
    let id: String
    let path: String
    let uploadedAt: Date
  }

  init(_ group: DuplicateGroup) {
    id = group.id.text
    digest = group.digest
    size = group.size
    copies = group.copies
    reclaimableBytes = group.reclaimableBytes
    matchedAt = group.matchedAt
    files = group.files.map { Member(id: $0.id.text, path: $0.path, uploadedAt: $0.uploadedAt) }
  }
}

struct IdenticalTotalsBody: Encodable {
  let groups: Int64
  let copies: Int64
  let reclaimableBytes: Int64

  init(_ totals: DuplicateTotals) {
    groups = totals.groups
    copies = totals.copies
    reclaimableBytes = totals.reclaimableBytes
  }
}
