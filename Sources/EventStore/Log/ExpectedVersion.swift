// SPDX-License-Identifier: Apache-2.0

/// What the writer believes about a stream; an append whose belief is wrong is refused.
public enum ExpectedVersion: Hashable, Sendable {
  /// No belief: append whatever the stream holds.
  case any
  /// The stream has no event yet.
  case noStream
  /// The stream has at least one event.
  case streamExists
  /// The stream's last event has this version; `.exactly(0)` is ``noStream``.
  case exactly(Int64)

  /// - Parameter current: the version of the stream's last event, 0 when it has none.
  public func holds(at current: Int64) -> Bool {
    switch self {
    case .any: true
    case .noStream: current == 0
    case .streamExists: current > 0
    case .exactly(let version): current == version
    }
  }

  /// The version that the stream must have, when the belief names one.
  var named: Int64? {
    switch self {
    case .noStream: 0
    case .exactly(let version): version
    case .any, .streamExists: nil
    }
  }
}
