// SPDX-License-Identifier: Apache-2.0

import EventStore
import Postgres

/// What a transaction that folds needs to know before it begins.
enum FoldTransaction {
  /// Projections can be made again from the log: a commit that a crash of the server undoes is folded again.
  static let options = TransactionOptions(synchronousCommit: false)

  /// Names of tables mean those of `schema` from here to the end of the transaction.
  ///
  /// Statements are planned for the batch at hand: a plan for batches of any size expects ten rows, and compares thousands row by row.
  static func prepare(schema: String) -> Query {
    "SELECT set_config('search_path', quote_ident(\(schema)), true), set_config('plan_cache_mode', 'force_custom_plan', true)"
  }
}

/// A projection failed at its events, and not at reaching the database.
struct FoldError: Error, CustomStringConvertible {
  let underlying: any Error

  var description: String { "\(underlying)" }
}

extension Projection {
  /// Folds a batch inside a transaction that ``FoldTransaction/prepare(schema:)`` has begun.
  ///
  /// - Throws: ``FoldError`` when the same batch would fail again; other errors when it may succeed.
  func fold(_ batch: [RecordedEvent], on connection: PostgresConnection) async throws {
    guard !batch.isEmpty else { return }
    do {
      try await apply(batch, on: connection)
    } catch let error as PostgresError where error.isTransient || error.code == .cancelled || error.code == .closed {
      throw error
    } catch let error as CancellationError {
      throw error
    } catch {
      throw FoldError(underlying: error)
    }
  }
}
