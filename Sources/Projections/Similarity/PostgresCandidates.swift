// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import EventStore
import Foundation
public import Postgres

/// The index in the read tables of the projection of similarity: look-up keys under a GIN index.
public struct PostgresCandidates: CandidateIndex {
  private let pool: PostgresPool
  private let positions: ProjectionPositions

  public init(pool: PostgresPool, positions: ProjectionPositions) {
    self.pool = pool
    self.positions = positions
  }

  public func wait(toReach position: Position, timeout: Duration) async throws {
    try await positions.wait(for: [SimilarityProjection.name], toReach: position, timeout: timeout)
  }

  public func find(_ questions: [SimilarityCandidates.Question]) async throws -> SimilarityCandidates.Answer {
    do {
      // One snapshot: a projection that is being filled anew is not taken for complete.
      return try await pool.transaction(TransactionOptions(isolation: .repeatableRead, readOnly: true)) { connection in
        let reached = try await connection.query(Self.position).first?.decode(0, as: Int64.self) ?? 0
        var answer = SimilarityCandidates.Answer(reached: Position(reached))
        let asked = try await StoredSketch.of(questions, on: connection).compactMap { question, stored in
          stored.sketch.flatMap { sketch in stored.keys(of: question.owner).map { (question, sketch, $0) } }
        }
        let results = try await connection.pipeline(
          [Self.byIndex] + asked.map { question, sketch, keys in Self.candidates(of: question, keys, sketch.algorithm) }
        )
        for ((question, sketch, _), rows) in zip(asked, results.dropFirst()) {
          answer.found[question, default: []].append(
            try await SimilarityCandidates.matches(
              of: question, sketch, among: try rows.map { row in (try row.decode(0), try row.decode(1)) },
              on: connection))
        }
        return answer
      }
    } catch let error as PostgresError where error.sqlState == "42P01" {
      throw CandidatesUnavailable(
        code: "projection.gone", "The projection of similarity was dropped; it will be built anew.")
    }
  }

  private static let position: Query = "SELECT position FROM projection.checkpoint WHERE name = 'similarity'"
  /// Plans are kept, and may have been made for empty tables.
  private static let byIndex: Query = "SELECT set_config('enable_seqscan', 'off', true)"

  /// Those of the owner alone: the keys are the owner's, and the owner is looked at all the same. Afterwards: asked for in one condition, owner
  /// and limit together make the planner read all that the owner has, until it meets a thousand.
  private static func candidates(
    of question: SimilarityCandidates.Question, _ keys: [Int64], _ algorithm: SketchAlgorithm
  ) -> Query {
    """
    WITH candidate AS MATERIALIZED (
      SELECT owner, digest, algorithm, signature
      FROM similarity.fingerprint
      WHERE keys && \(keys)
      LIMIT \(SimilarityCandidates.candidateLimit)
    )
    SELECT digest, signature
    FROM candidate
    WHERE owner = \(question.owner) AND digest <> \(question.digest.description) AND algorithm = \(algorithm.rawValue)
    """
  }
}
