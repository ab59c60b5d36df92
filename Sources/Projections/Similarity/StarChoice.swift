// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where a content belongs among those that its owner had before it.
///
/// It joins the group of the one that it resembles most and that is in no group itself, or the middle of one. When all it resembles are
/// members of groups, it begins another round the most alike of those: never is a content taken into a group whose middle it was not found to
/// resemble, so groups do not drift. Nobody joins a group with a member that the owner said is no duplicate of it.
struct StarChoice {
  /// A content that was found to resemble this one.
  struct Neighbour {
    var digest: String
    var since: Int64
    var score: Double
    var matchedAt: Date
    /// The one that it is grouped round itself.
    var medoid: String?
  }

  /// Live ones that came earlier.
  var neighbours: [Neighbour] = []
  /// The medoids of groups with a content that is no duplicate of this one, and such contents themselves.
  var unfit: Set<String> = []

  /// Nil for a content on its own.
  func best(hasRoom: (String) -> Bool) -> Neighbour? {
    neighbours
      .filter { !unfit.contains($0.digest) }
      .sorted {
        // The most alike, of equals the earliest; but first those that are in nobody else's group.
        ($0.medoid == nil ? 0 : 1, -$0.score, $0.since) < ($1.medoid == nil ? 0 : 1, -$1.score, $1.since)
      }
      .first { hasRoom($0.digest) }
  }
}
