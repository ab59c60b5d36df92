// SPDX-License-Identifier: Apache-2.0

import EventStore
import Projections

/// Lets a read wait for what its sender has written: `?wait=<position>`.
struct ReadBarrier: Sendable {
  let positions: ProjectionPositions
  var timeout = Duration.seconds(10)

  /// Returns once the projection has reached the position that the query asks for; at once when it asks for none.
  ///
  /// - Throws: ``Problem`` 503 (`not-yet`) past the time limit.
  func wait(_ query: QueryParameters, for projection: String) async throws {
    guard let wanted = try query.integer("wait", in: 0...Int64.max) else { return }
    do {
      try await positions.wait(for: [projection], toReach: Position(wanted), timeout: timeout)
    } catch {
      throw Problem.notYet(position: wanted)
    }
  }
}
