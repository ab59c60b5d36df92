// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import Parsing

/// In which words two texts differ.
struct TextEvidenceBody: Encodable {
  let method = "text"
  let digest: Digest
  let other: Digest
  let words: Int
  let otherWords: Int
  let commonWords: Int
  let changes: [Change]
  let changeCount: Int

  struct Change: Encodable {
    let before: String
    let removed: String
    let removedWords: Int
    let added: String
    let addedWords: Int
    let after: String
  }

  init(_ digest: Digest, _ other: Digest, _ difference: TextDifference) {
    self.digest = digest
    self.other = other
    words = difference.leftWords
    otherWords = difference.rightWords
    commonWords = difference.commonWords
    changeCount = difference.changeCount
    changes = difference.changes.map {
      Change(
        before: $0.before, removed: $0.removed, removedWords: $0.removedWords, added: $0.added,
        addedWords: $0.addedWords, after: $0.after)
    }
  }
}

/// Where two pictures differ.
struct PictureEvidenceBody: Encodable {
  let method = "picture"
  let digest: Digest
  let other: Digest
  let width: Int
  let height: Int
  let otherWidth: Int
  let otherHeight: Int
  let alignment: String
  let lighter: Double
  let changedShare: Double
  let regions: [Region]

  struct Region: Encodable {
    let x: Double
    let y: Double
    let width: Double
    let height: Double
  }

  init(_ digest: Digest, _ other: Digest, _ difference: PictureDifference, _ left: ParsedLight, _ right: ParsedLight) {
    self.digest = digest
    self.other = other
    (width, height) = (left.width, left.height)
    (otherWidth, otherHeight) = (right.width, right.height)
    alignment =
      switch difference.alignment {
      case .whole: "whole"
      case .leftIsInner: "inner"
      case .rightIsInner: "outer"
      }
    lighter = (difference.lighter * 1000).rounded() / 1000
    changedShare = difference.changedShare
    regions = difference.regions.map { Region(x: $0.x, y: $0.y, width: $0.width, height: $0.height) }
  }
}

/// Which bytes two contents have in common.
struct ByteEvidenceBody: Encodable {
  let method = "bytes"
  let digest: Digest
  let other: Digest
  let size: Int64
  let otherSize: Int64
  let commonBytes: Int64
  let otherCommonBytes: Int64
  let runs: [Run]
  let otherRuns: [Run]

  struct Run: Encodable {
    let start: Int64
    let bytes: Int64
    let isCommon: Bool
  }

  init(_ digest: Digest, _ other: Digest, _ difference: ByteDifference) {
    self.digest = digest
    self.other = other
    (size, otherSize) = (difference.leftBytes, difference.rightBytes)
    (commonBytes, otherCommonBytes) = (difference.leftCommon, difference.rightCommon)
    (runs, otherRuns) = (Self.runs(difference.left), Self.runs(difference.right))
  }

  private static func runs(_ runs: [ByteDifference.Run]) -> [Run] {
    runs.map { Run(start: $0.start, bytes: $0.byteCount, isCommon: $0.isCommon) }
  }
}

/// Two archives, or compressed files, that hold the same.
struct SameContentBody: Encodable {
  let method = "content"
  let digest: Digest
  let other: Digest
}
