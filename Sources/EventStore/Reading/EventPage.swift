// SPDX-License-Identifier: Apache-2.0

/// A step through the log.
public struct EventPage: Hashable, Sendable {
  public var events: [RecordedEvent]
  /// Every wanted event up to and including this position has now been given: a reader may put its checkpoint here.
  public var through: Position
  /// There was nothing more to look at.
  public var isLast: Bool

  public init(events: [RecordedEvent], through: Position, isLast: Bool) {
    self.events = events
    self.through = through
    self.isLast = isLast
  }
}
