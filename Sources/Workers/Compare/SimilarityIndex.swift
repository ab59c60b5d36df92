// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// Finds contents of one owner that resemble each other.
public protocol SimilarityIndex: Sendable {
  /// For each question, and each algorithm by which the content was sketched, the owner's contents that are like it, the most alike first; none
  /// when it has no sketch, or when the owner has no file with it any more.
  ///
  /// Everything that the log says up to the questions' positions has been seen: so of two contents that are compared at the same time, at
  /// least the later one finds the other.
  /// - Throws: ``JobFailure`` with ``JobFailure/Remedy/wait`` when the index is not there yet.
  func similar(to questions: [SimilarityQuestion]) async throws -> [SimilarityQuestion: [SimilarContents]]
}

public struct SimilarityQuestion: Sendable, Hashable {
  public var owner: UUID
  public var digest: Digest
  /// What the index must have seen.
  public var position: Position

  public init(owner: UUID, digest: Digest, position: Position) {
    self.owner = owner
    self.digest = digest
    self.position = position
  }
}

public struct SimilarContents: Sendable, Equatable {
  /// How the sketches were made.
  public var algorithm: String
  public var matches: [DuplicateNearMatched.Match]

  public init(algorithm: String, matches: [DuplicateNearMatched.Match]) {
    self.algorithm = algorithm
    self.matches = matches
  }
}
