// SPDX-License-Identifier: Apache-2.0

package import DedupEngine
public import Domain
public import EventStore
public import Foundation
package import Postgres

/// Finds an owner's contents that share look-up keys with one of them, and compares those. Where the keys are is for the kind of index to know.
public protocol CandidateIndex: Sendable {
  /// Returns once it has seen all that the log says up to a position.
  /// - Throws: ``WaitTimeout``, ``CandidatesUnavailable``.
  func wait(toReach position: Position, timeout: Duration) async throws

  /// Those that are as alike as `SketchAlgorithm.leastSimilarity` says.
  /// - Throws: ``CandidatesUnavailable``; the database's error.
  func find(_ questions: [SimilarityCandidates.Question]) async throws -> SimilarityCandidates.Answer
}

/// The index cannot be asked at the moment.
public struct CandidatesUnavailable: Error, Equatable, CustomStringConvertible {
  /// Short and constant.
  public let code: String
  /// A sentence that tells nothing of the machine.
  public let description: String

  public init(code: String, _ description: String) {
    self.code = code
    self.description = description
  }
}

public enum SimilarityCandidates {
  public struct Question: Sendable, Hashable {
    public var owner: UUID
    public var digest: Digest

    public init(owner: UUID, digest: Digest) {
      self.owner = owner
      self.digest = digest
    }
  }

  public struct Match: Sendable, Equatable {
    public var digest: Digest
    /// 0...1, to three decimals.
    public var score: Double
  }

  /// What was found by one algorithm.
  public struct Found: Sendable, Equatable {
    public var algorithm: String
    /// The most alike first.
    public var matches: [Match]
  }

  /// How far the index was, and what there is for each question. Contents without a sketch, or that the owner does not have, are left out.
  public struct Answer: Sendable {
    /// Answers about what came later mean nothing.
    public var reached: Position
    public var found: [Question: [Found]]

    package init(reached: Position, found: [Question: [Found]] = [:]) {
      self.reached = reached
      self.found = found
    }
  }

  /// Sketches that are looked at for one content. When more share a key with it, which ones is left to chance: they are a family of hundreds, in
  /// which nobody looks for one.
  package static let candidateLimit = 1000
  /// Matches that are told of one content.
  static let matchLimit = 20

  /// Those among the candidates that are alike, as many as are told.
  ///
  /// Of more than these, some are always contents that others are grouped round: in a family of hundreds of equals, the group is met.
  /// - Parameter candidates: digests and signatures.
  package static func matches(
    of question: Question, _ sketch: Sketch, among candidates: [(digest: String, signature: [UInt8])],
    on connection: PostgresConnection
  ) async throws -> Found {
    var matches: [Match] = []
    for candidate in candidates {
      let other = Sketch(algorithm: sketch.algorithm, signature: candidate.signature, weight: 0)
      let score = (sketch.similarity(to: other) * 1000).rounded() / 1000
      // Most candidates are none, and need no name.
      guard score >= sketch.algorithm.leastSimilarity else { continue }
      matches.append(Match(digest: try Digest.read(candidate.digest), score: score))
    }
    matches.sort { ($1.score, $0.digest) < ($0.score, $1.digest) }
    guard matches.count > matchLimit else { return Found(algorithm: sketch.algorithm.rawValue, matches: matches) }
    let medoids = Set(
      try await connection.query(medoids(of: question.owner, matches.map(\.digest.description))).map { row in
        try row.decode(0, as: String.self)
      })
    let middles = matches.filter { medoids.contains($0.digest.description) }.prefix(matchLimit / 2)
    let others = matches.filter { match in !middles.contains(match) }.prefix(matchLimit - middles.count)
    return Found(
      algorithm: sketch.algorithm.rawValue,
      matches: (middles + others).sorted { ($1.score, $0.digest) < ($0.score, $1.digest) })
  }

  private static func medoids(of owner: UUID, _ digests: [String]) -> Query {
    """
    SELECT medoid FROM similarity.similar_group WHERE owner = \(owner) AND medoid = ANY (\(digests))
    """
  }
}
