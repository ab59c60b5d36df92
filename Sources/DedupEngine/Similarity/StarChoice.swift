// SPDX-License-Identifier: Apache-2.0

/// Where a content belongs among those before it in some order.
///
/// It joins the group of the one that it resembles most and that is in no group itself, or the middle of one. When all it resembles are
/// members of groups, it begins another round the most alike of those: never is a content taken into a group whose middle it was not found to
/// resemble, so groups do not drift. Nobody joins a group with a member that was said to be no duplicate of it.
public struct StarChoice<Content: Hashable> {
  /// A content that was found to resemble this one.
  public struct Neighbour {
    public var content: Content
    /// Its place in the order.
    public var order: Int64
    public var score: Double
    /// The one that it is grouped round itself.
    public var medoid: Content?

    public init(content: Content, order: Int64, score: Double, medoid: Content? = nil) {
      self.content = content
      self.order = order
      self.score = score
      self.medoid = medoid
    }
  }

  /// Those that come earlier.
  public var neighbours: [Neighbour]
  /// The medoids of groups with a content that is no duplicate of this one, and such contents themselves.
  public var unfit: Set<Content>

  public init(neighbours: [Neighbour] = [], unfit: Set<Content> = []) {
    self.neighbours = neighbours
    self.unfit = unfit
  }

  /// Nil for a content on its own.
  public func best(hasRoom: (Content) -> Bool = { _ in true }) -> Neighbour? {
    neighbours
      .filter { !unfit.contains($0.content) }
      .sorted {
        // The most alike, of equals the earliest; but first those that are in nobody else's group.
        ($0.medoid == nil ? 0 : 1, -$0.score, $0.order) < ($1.medoid == nil ? 0 : 1, -$1.score, $1.order)
      }
      .first { hasRoom($0.content) }
  }
}
