// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
import EventStore
import Foundation

/// What a batch says of contents that may resemble each other.
struct SimilarityChanges {
  let files: FileChanges
  /// The last one counts.
  private(set) var sketches = InOrder<SketchName, ContentSketched>()
  /// In both directions.
  private(set) var resemblances = InOrder<OwnedPair, Resemblance>()
  /// In both directions; nil for a decision that was taken back.
  private(set) var dismissals = InOrder<OwnedPair, Dismissal?>()

  struct SketchName: Hashable {
    var digest: String
    var algorithm: String
  }

  /// By owner, what was said last.
  private(set) var thresholds = InOrder<UUID, LikenessThresholds>()

  /// The first time, and what was said last: but what was said to be the same stays that.
  struct Resemblance {
    var matchedAt: Date
    var score: Double
    var algorithm: String
  }

  struct Dismissal {
    var decisionId: UUID
    var dismissedAt: Date
  }

  /// - Throws: ``UnreadableEvent``.
  init(_ batch: [RecordedEvent]) throws {
    files = try FileChanges(batch.lazy.filter { $0.type.hasPrefix("file.") })
    for event in batch {
      switch event.type {
      case ContentSketched.eventType:
        let sketch = try event.readable(ContentSketched.self)
        let name = SketchName(digest: sketch.digest.description, algorithm: sketch.algorithm)
        sketches[name, default: sketch] = sketch
      case DuplicateNearMatched.eventType:
        try fold(event, try event.readable(DuplicateNearMatched.self))
      case DuplicatesDismissed.eventType:
        let payload = try event.readable(DuplicatesDismissed.self)
        let dismissal = Dismissal(decisionId: payload.decisionId, dismissedAt: event.recordedAt)
        for pair in try OwnedPair.both(event, payload.left, payload.right) {
          dismissals[pair, default: nil] = dismissal
        }
      case DuplicateDecisionUndone.eventType:
        let payload = try event.readable(DuplicateDecisionUndone.self)
        for pair in try OwnedPair.both(event, payload.left, payload.right) { dismissals[pair, default: nil] = nil }
      case DuplicateThresholdsSet.eventType:
        let payload = try event.readable(DuplicateThresholdsSet.self)
        thresholds[try event.requiredOwner(), default: payload.thresholds] = payload.thresholds
      default: break
      }
    }
  }

  private mutating func fold(_ event: RecordedEvent, _ payload: DuplicateNearMatched) throws {
    for match in payload.matches {
      guard (0...1).contains(match.score) else { throw UnreadableEvent(event, "a score is no fraction") }
      for pair in try OwnedPair.both(event, payload.digest, match.digest) {
        let found = Resemblance(matchedAt: event.recordedAt, score: match.score, algorithm: payload.algorithm)
        let canonical = SketchAlgorithm.canonical.rawValue
        guard found.algorithm == canonical || resemblances[pair, default: found].algorithm != canonical else {
          continue
        }
        resemblances[pair, default: found].score = found.score
        resemblances[pair, default: found].algorithm = found.algorithm
      }
    }
  }
}

/// Two contents of one owner, seen from the first.
struct OwnedPair: Hashable {
  var owner: UUID
  var digest: String
  var other: String

  /// - Throws: ``UnreadableEvent`` for an event of nobody's, or a content and itself.
  static func both(_ event: RecordedEvent, _ one: Digest, _ other: Digest) throws -> [OwnedPair] {
    guard one != other else { throw UnreadableEvent(event, "a content is paired with itself") }
    let owner = try event.requiredOwner()
    return [
      OwnedPair(owner: owner, digest: one.description, other: other.description),
      OwnedPair(owner: owner, digest: other.description, other: one.description),
    ]
  }
}

extension RecordedEvent {
  /// - Throws: ``UnreadableEvent``.
  fileprivate func readable<Event: DomainEvent>(_ type: Event.Type) throws -> Event {
    do {
      return try decode(type)
    } catch {
      throw UnreadableEvent(self, "its payload cannot be read")
    }
  }
}
