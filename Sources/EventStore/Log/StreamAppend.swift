// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Events for one stream, on a condition.
///
/// Without events it is a guard: the append it belongs to goes through only if the stream is as expected, and changes nothing in it.
public struct StreamAppend: Hashable, Sendable {
  public var stream: StreamName
  public var expected: ExpectedVersion
  public var events: [NewEvent]

  public init(stream: StreamName, expected: ExpectedVersion, events: [NewEvent]) {
    self.stream = stream
    self.expected = expected
    self.events = events
  }
}

/// What an append came to.
public struct AppendResult: Hashable, Sendable {
  /// The position of the first event. For an append of guards alone: the head at which they held.
  public var first: Position
  /// The position of the last event. For an append of guards alone: the head at which they held.
  public var last: Position
  /// The last version that the append gave each stream it put events into.
  public var versions: [StreamName: Int64]
  /// The log held these events already (same ids, same streams): this is the first result. Also true when a commit was cut off and
  /// found to have gone through when the log was asked again.
  public var isRepeat: Bool
  /// The time that its events carry, the latest if they are of several appends. For an append of guards alone: nil.
  public var recordedAt: Date?

  public init(
    first: Position, last: Position, versions: [StreamName: Int64], isRepeat: Bool = false, recordedAt: Date? = nil
  ) {
    self.first = first
    self.last = last
    self.versions = versions
    self.isRepeat = isRepeat
    self.recordedAt = recordedAt
  }
}
