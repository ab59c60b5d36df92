// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres
import Projections

/// Answers what an account reads: from the live tables, once they have come as far as the sender asks (`?wait=`), or as of a moment in
/// the past (`?at=`).
struct AccountReads: Sendable {
  let barrier: ReadBarrier
  let live: ReadSource
  let past: TimeTravel

  /// - Throws: ``Problem``, `TimeTravelError`, or what `body` throws.
  func answer<Output>(
    _ query: QueryParameters, of owner: UUID, from projection: any Projection,
    _ body: (ReadSource) async throws -> Output
  ) async throws -> Output {
    if let moment = try query.moment("at") {
      return try await past.visit(moment, of: owner, folding: projection, body)
    }
    try await barrier.wait(query, for: type(of: projection).name)
    return try await body(live)
  }
}

extension QueryParameters {
  /// A position or a time.
  ///
  /// - Throws: ``Problem`` 400 when it is neither.
  func moment(_ name: String) throws(Problem) -> Moment? {
    guard let text = self[name] else { return nil }
    guard let moment = Moment(text) else {
      throw .invalidRequest(
        "The parameter \"\(name)\" must be a position or a time such as 2026-01-31T12:00:00Z; a plus in it is written %2B."
      )
    }
    return moment
  }
}
