// SPDX-License-Identifier: Apache-2.0

import EventStore
public import Foundation
import Postgres
public import Projections

/// Looks into the projection of files, once it has come as far as the questions ask.
public struct ProjectedDuplicateFinder: DuplicateFinder {
  private let files: FileViews
  private let positions: ProjectionPositions
  private let patience: Duration

  /// - Parameter patience: how long to wait for the projection before the jobs are put off.
  public init(files: FileViews, positions: ProjectionPositions, patience: Duration = .seconds(10)) {
    self.files = files
    self.positions = positions
    self.patience = patience
  }

  public func find(_ questions: [DuplicateQuestion]) async throws -> [UUID: DuplicateVerdict] {
    guard let newest = questions.map(\.position).max() else { return [:] }
    let found: FileViews.Originals
    do {
      try await positions.wait(for: [FilesProjection.name], toReach: newest, timeout: patience)
      found = try await files.originals(
        of: questions.map {
          FileViews.Candidate(fileId: $0.fileId, owner: $0.owner, digest: $0.digest, position: $0.position)
        })
    } catch let error as WaitTimeout {
      throw JobFailure(.wait, code: "projection.behind", reason: "\(error)")
    } catch let error as PostgresError where error.sqlState == "42P01" {
      throw JobFailure(
        .wait, code: "projection.gone", reason: "The projection of files was dropped; it will be built anew.")
    }
    // Positions only grow as far as waiters can see, but a projection may be dropped and filled again.
    guard found.reached >= newest else {
      throw JobFailure(
        .wait, code: "projection.behind", reason: "The projection of files is at \(found.reached) again.")
    }
    return Dictionary(questions.map { ($0.fileId, Self.verdict(found.byFile[$0.fileId])) }) { first, _ in first }
  }

  private static func verdict(_ original: UUID??) -> DuplicateVerdict {
    switch original {
    case .some(.some(let id)): .duplicate(of: id)
    case .some(.none): .unique
    case .none: .removed
    }
  }
}
