// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Duplicates
import Foundation
import Parsing
import Projections

/// Contents that resemble one of them.
struct SimilarGroupBody: Encodable {
  let id: String
  let `class` = "similar"
  let contents: Int64
  let reclaimableBytes: Int64
  let matchedAt: Date
  let members: [Member]

  struct Member: Encodable {
    let digest: Digest
    let size: Int64
    let score: Double
    let likeness: String?
    let copies: Int64
    let files: [File]
  }

  struct File: Encodable {
    let id: String
    let path: String
    let uploadedAt: Date
  }

  init(_ group: SimilarGroup) {
    id = group.id.text
    contents = group.contents
    reclaimableBytes = group.bytes
    matchedAt = group.matchedAt
    members = group.members.map { member in
      Member(
        digest: member.digest, size: member.size, score: member.score,
        likeness: member.algorithm.map(Self.likeness), copies: member.copies,
        files: member.files.map { File(id: $0.id.text, path: $0.path, uploadedAt: $0.uploadedAt) })
    }
  }
}

extension SimilarGroupBody {
  /// In words, what two contents have in common.
  static func likeness(algorithm: String) -> String {
    switch SketchAlgorithm(rawValue: algorithm) {
    case .canonical: "same-content"
    case .text: "similar-text"
    case .picture: "similar-picture"
    case .bytes: "similar-bytes"
    case nil: algorithm
    }
  }
}

struct SimilarTotalsBody: Encodable {
  let groups: Int64
  let contents: Int64
  let reclaimableBytes: Int64

  init(_ totals: SimilarTotals) {
    groups = totals.groups
    contents = totals.contents
    reclaimableBytes = totals.bytes
  }
}

struct DecisionBody: Encodable {
  let id: String
  let dismissedAt: Date
  let contents: [Content]

  struct Content: Encodable {
    let digest: Digest
    let path: String?

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(digest, forKey: .digest)
      try container.encode(path, forKey: .path)
    }

    private enum CodingKeys: CodingKey { case digest, path }
  }

  init(_ decision: DuplicateDecision) {
    id = decision.id.text
    dismissedAt = decision.dismissedAt
    contents = decision.contents.map { Content(digest: $0.digest, path: $0.path) }
  }
}

/// A decision as it was just made.
struct DecidedBody: Encodable {
  let id: String
  let digests: [Digest]
  let isDismissed: Bool

  init(_ decision: DuplicateDecisions.Decision, isDismissed: Bool) {
    id = decision.id.text
    digests = [decision.pair.left, decision.pair.right]
    self.isDismissed = isDismissed
  }
}
