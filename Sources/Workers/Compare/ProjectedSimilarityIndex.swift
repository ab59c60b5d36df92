// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
public import Projections

/// Looks into an index that follows the log, once it has come as far as the questions ask.
public struct ProjectedSimilarityIndex: SimilarityIndex {
  private let candidates: any CandidateIndex
  private let patience: Duration

  /// - Parameter patience: how long to wait for the index before the jobs are put off.
  public init(candidates: any CandidateIndex, patience: Duration = .seconds(10)) {
    self.candidates = candidates
    self.patience = patience
  }

  public func similar(to questions: [SimilarityQuestion]) async throws -> [SimilarityQuestion: [SimilarContents]] {
    guard let newest = questions.map(\.position).max() else { return [:] }
    let answer: SimilarityCandidates.Answer
    do {
      try await candidates.wait(toReach: newest, timeout: patience)
      answer = try await candidates.find(questions.map { .init(owner: $0.owner, digest: $0.digest) })
    } catch let error as WaitTimeout {
      throw JobFailure(.wait, code: "projection.behind", reason: "\(error)")
    } catch let error as CandidatesUnavailable {
      throw JobFailure(.wait, code: error.code, reason: "\(error)")
    }
    guard answer.reached >= newest else {
      throw JobFailure(
        .wait, code: "projection.behind", reason: "The index of similar contents is at \(answer.reached) again.")
    }
    return Dictionary(
      questions.compactMap { question in
        answer.found[.init(owner: question.owner, digest: question.digest)].map { found in
          (
            question,
            found.map { found in
              SimilarContents(
                algorithm: found.algorithm, matches: found.matches.map { .init(digest: $0.digest, score: $0.score) })
            }
          )
        }
      }
    ) { first, _ in first }
  }
}
