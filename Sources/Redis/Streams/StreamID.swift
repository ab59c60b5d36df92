// SPDX-License-Identifier: Apache-2.0

/// The id of a stream's entry: `<milliseconds>-<sequence>`, growing along the stream.
public struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
  public let milliseconds: UInt64
  public let sequence: UInt64

  /// Before every entry.
  public static let zero = StreamID(milliseconds: 0, sequence: 0)

  public init(milliseconds: UInt64, sequence: UInt64 = 0) {
    self.milliseconds = milliseconds
    self.sequence = sequence
  }

  /// Reads `5-0` or `5`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count <= 2, let first = parts.first, let milliseconds = UInt64(first) else { return nil }
    self.milliseconds = milliseconds
    if parts.count == 2 {
      guard let sequence = UInt64(parts[1]) else { return nil }
      self.sequence = sequence
    } else {
      sequence = 0
    }
  }

  public var description: String { "\(milliseconds)-\(sequence)" }

  public static func < (left: StreamID, right: StreamID) -> Bool {
    (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
  }
}
