// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Foundation

/// A point in the life of the log.
public enum Moment: Hashable, Sendable {
  /// When this event was the last.
  case position(Position)
  /// When this was the time.
  case time(Date)

  /// Reads a position, or a time as RFC 3339 writes it; nil for anything else.
  public init?(_ text: String) {
    if let position = Int64(text), position >= 0 {
      self = .position(Position(position))
    } else if let time = Date(rfc3339: text) {
      self = .time(time)
    } else {
      return nil
    }
  }
}
