// SPDX-License-Identifier: Apache-2.0

import Domain
public import Foundation
public import Postgres
import Projections

/// The read models of files and accounts in Postgres.
public struct ProjectionFileIndex: FileIndex {
  private let files: FileViews
  private let accounts: QuotaViews

  public init(pool: PostgresPool) {
    files = FileViews(pool: pool)
    accounts = QuotaViews(pool: pool)
  }

  public func account(_ owner: UUID) async throws -> IndexedAccount? {
    try await accounts.account(owner).map { account in
      IndexedAccount(
        state: .init(
          status: account.disabled ? .disabled : .active, role: account.role, quotaBytes: account.quotaBytes,
          usedBytes: account.usedBytes),
        version: account.streamVersion)
    }
  }

  public func liveFiles(owner: UUID, paths: [String]) async throws -> IndexedPaths {
    let answer = try await files.livePaths(owner: owner, among: paths)
    return IndexedPaths(position: answer.position, files: answer.files)
  }
}
