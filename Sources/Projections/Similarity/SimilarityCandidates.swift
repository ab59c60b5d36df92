// SPDX-License-Identifier: Apache-2.0

import DedupEngine
public import Domain
public import EventStore
public import Foundation
public import Postgres

/// Finds an owner's contents that resemble one of them, by their sketches in the read tables.
public struct SimilarityCandidates: Sendable {
  private let pool: PostgresPool

  public init(pool: PostgresPool) { self.pool = pool }

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

  public struct Found: Sendable, Equatable {
    /// Of the content in question.
    public var algorithm: String
    /// The most alike first.
    public var matches: [Match]
  }

  /// How far the projection was, and what there is for each question. Contents without a sketch, or that the owner does not have, are left out.
  public struct Answer: Sendable {
    /// Answers about what came later mean nothing.
    public var reached: Position
    public var found: [Question: Found]
  }

  /// Sketches that are looked at for one content. When more share a key with it, which ones is left to chance: they are a family of hundreds, in
  /// which nobody looks for one.
  static let candidateLimit = 1000
  /// Matches that are told of one content.
  static let matchLimit = 20

  /// Those that are as alike as ``SketchAlgorithm/leastSimilarity`` says.
  ///
  /// - Throws: the database's error.
  public func find(_ questions: [Question]) async throws -> Answer {
    // One snapshot: a projection that is being filled anew is not taken for complete.
    try await pool.transaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { connection in
      let reached = try await connection.query(Self.position).first?.decode(0, as: Int64.self) ?? 0
      var answer = Answer(reached: Position(reached), found: [:])
      let sketches = try await Self.sketches(of: questions, on: connection)
      let asked = sketches.compactMap { question, stored in
        stored.sketch.flatMap { sketch in stored.keys(of: question.owner).map { (question, sketch, $0) } }
      }
      let results = try await connection.pipeline(
        [Self.byIndex] + asked.map { question, sketch, keys in Self.candidates(of: question, keys, sketch.algorithm) })
      for ((question, sketch, _), rows) in zip(asked, results.dropFirst()) {
        answer.found[question] = Found(
          algorithm: sketch.algorithm.rawValue, matches: try Self.matches(sketch, rows))
      }
      return answer
    }
  }

  private static func sketches(
    of questions: [Question], on connection: PostgresConnection
  ) async throws -> [(Question, StoredSketch)] {
    let rows = try await connection.query(
      """
      SELECT owner, digest, algorithm, signature
      FROM unnest(\(questions.map(\.owner)), \(questions.map(\.digest.description))) AS question (owner, digest)
      JOIN similarity.fingerprint USING (owner, digest)
      """)
    return try rows.map { row in
      let (owner, digest, algorithm, signature) = try row.decode((UUID, String, String, [UInt8]).self)
      return (
        Question(owner: owner, digest: try Digest.read(digest)),
        StoredSketch(algorithm: algorithm, signature: signature)
      )
    }
  }

  private static func matches(_ sketch: Sketch, _ rows: PostgresRows) throws -> [Match] {
    var matches: [Match] = []
    for row in rows {
      let signature = try row.decode(1, as: [UInt8].self)
      let other = Sketch(algorithm: sketch.algorithm, signature: signature, weight: 0)
      let score = (sketch.similarity(to: other) * 1000).rounded() / 1000
      // Most candidates are none, and need no name.
      guard score >= sketch.algorithm.leastSimilarity else { continue }
      matches.append(Match(digest: try Digest.read(row.decode(0, as: String.self)), score: score))
    }
    return Array(matches.sorted { ($1.score, $0.digest) < ($0.score, $1.digest) }.prefix(matchLimit))
  }

  private static let position: Query = "SELECT position FROM projection.checkpoint WHERE name = 'similarity'"
  /// Plans are kept, and may have been made for empty tables.
  private static let byIndex: Query = "SELECT set_config('enable_seqscan', 'off', true)"

  /// Those of the owner alone: the keys are the owner's, and the owner is looked at all the same. Afterwards: asked for in one condition, owner
  /// and limit together make the planner read all that the owner has, until it meets a thousand.
  private static func candidates(of question: Question, _ keys: [Int64], _ algorithm: SketchAlgorithm) -> Query {
    """
    WITH candidate AS MATERIALIZED (
      SELECT owner, digest, algorithm, signature
      FROM similarity.fingerprint
      WHERE keys && \(keys)
      LIMIT \(candidateLimit)
    )
    SELECT digest, signature
    FROM candidate
    WHERE owner = \(question.owner) AND digest <> \(question.digest.description) AND algorithm = \(algorithm.rawValue)
    """
  }
}
