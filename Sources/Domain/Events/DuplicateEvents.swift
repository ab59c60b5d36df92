// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to an owner's duplicates. Stream: `duplicates-<id>`, of the group, the content, the pair or the owner that the event is
/// about.
public enum DuplicateEvent: Equatable, Sendable {
  case exactMatched(DuplicateMatched)
  case nearMatched(DuplicateNearMatched)
  case dismissed(DuplicatesDismissed)
  case undone(DuplicateDecisionUndone)
  case thresholdsSet(DuplicateThresholdsSet)
}

/// A file has the same bytes as an earlier file of the same owner.
public struct DuplicateMatched: DomainEvent {
  public static let eventType = "duplicates.exactMatched"
  /// Follows from owner and digest, so that every match of one content lands in one group.
  public var groupId: UUID
  public var digest: Digest
  public var size: Int64
  public var fileId: UUID
  /// The earliest file of the owner with these bytes when the match was made.
  public var originalId: UUID

  public init(groupId: UUID, digest: Digest, size: Int64, fileId: UUID, originalId: UUID) {
    self.groupId = groupId
    self.digest = digest
    self.size = size
    self.fileId = fileId
    self.originalId = originalId
  }

  /// The group of an owner's files with one content: the owner's id with the content's name mixed in.
  public static func groupId(owner: UUID, digest: Digest) -> UUID { owner.derived(digest.description) }
}

/// A content resembles others of the same owner. Stream: `duplicates-<comparisonId>`.
public struct DuplicateNearMatched: DomainEvent {
  public static let eventType = "duplicates.nearMatched"
  public var digest: Digest
  /// How the sketches were made: with `can1` the contents are the same but for how they are written.
  public var algorithm: String
  /// The most alike first.
  public var matches: [Match]

  public struct Match: Codable, Equatable, Sendable {
    public var digest: Digest
    /// How much both have in common, 0...1, to three decimals.
    public var score: Double

    public init(digest: Digest, score: Double) {
      self.digest = digest
      self.score = score
    }
  }

  public init(digest: Digest, algorithm: String, matches: [Match]) {
    self.digest = digest
    self.algorithm = algorithm
    self.matches = matches
  }

  /// Of one owner's comparisons of one content with the others.
  public static func comparisonId(owner: UUID, digest: Digest) -> UUID { owner.derived("near:\(digest)") }
}

/// Two contents of an owner, in no order.
public struct ContentPair: Hashable, Sendable {
  /// Sorts before ``right``.
  public let left: Digest
  public let right: Digest

  /// Nil for a content and itself.
  public init?(_ one: Digest, _ other: Digest) {
    guard one != other else { return nil }
    (left, right) = one < other ? (one, other) : (other, one)
  }

  /// Of an owner's decisions on this pair.
  public func decisionId(owner: UUID) -> UUID { owner.derived("dismissed:\(left):\(right)") }
}

/// The owner has said that two contents are no duplicates of each other: they are not shown together, whatever is uploaded or compared
/// later. Stream: `duplicates-<decisionId>`.
public struct DuplicatesDismissed: DomainEvent {
  public static let eventType = "duplicates.dismissed"
  public var decisionId: UUID
  /// Sorts before ``right``.
  public var left: Digest
  public var right: Digest

  public init(decisionId: UUID, left: Digest, right: Digest) {
    self.decisionId = decisionId
    self.left = left
    self.right = right
  }
}

/// The owner has taken a decision back.
public struct DuplicateDecisionUndone: DomainEvent {
  public static let eventType = "duplicates.undone"
  public var decisionId: UUID
  public var left: Digest
  public var right: Digest

  public init(decisionId: UUID, left: Digest, right: Digest) {
    self.decisionId = decisionId
    self.left = left
    self.right = right
  }
}

/// From which likeness on contents are shown together, 0...1; nil: never.
public struct LikenessThresholds: Codable, Hashable, Sendable {
  public var text: Double?
  public var picture: Double?
  public var bytes: Double?
  /// What ``bytes`` is for whoever has said nothing of it, as nobody could before there was such a likeness.
  public static let leastBytes = 0.5
  /// Whether contents are that are the same but for how they are written.
  public var sameContent: Bool

  public init(text: Double?, picture: Double?, bytes: Double?, sameContent: Bool) {
    self.text = text
    self.picture = picture
    self.bytes = bytes
    self.sameContent = sameContent
  }
}

/// The owner has said from which likeness on contents are shown together. Stream: `duplicates-<streamId>`.
public struct DuplicateThresholdsSet: DomainEvent {
  public static let eventType = "duplicates.thresholdsSet"
  public var leastText: Double?
  public var leastPicture: Double?
  /// Absent: ``LikenessThresholds/leastBytes``.
  public var leastBytes: Double?
  /// False: never by their bytes.
  public var similarBytes: Bool?
  public var sameContent: Bool

  public init(_ thresholds: LikenessThresholds) {
    leastText = thresholds.text
    leastPicture = thresholds.picture
    leastBytes = thresholds.bytes == LikenessThresholds.leastBytes ? nil : thresholds.bytes
    similarBytes = thresholds.bytes == nil ? false : nil
    sameContent = thresholds.sameContent
  }

  public var thresholds: LikenessThresholds {
    LikenessThresholds(
      text: leastText, picture: leastPicture,
      bytes: similarBytes == false ? nil : leastBytes ?? LikenessThresholds.leastBytes, sameContent: sameContent)
  }

  public static func streamId(owner: UUID) -> UUID { owner.derived("likeness") }
}
