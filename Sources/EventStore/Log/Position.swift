// SPDX-License-Identifier: Apache-2.0

/// A place in the log: 1 for the first event, dense, in the order of commits.
///
/// "Everything after position N" is exact: no event ever appears at or below a position that a reader has seen.
public struct Position: RawRepresentable, Comparable, Hashable, Codable, Sendable, CustomStringConvertible {
  public let rawValue: Int64

  /// Before the first event.
  public static let start = Position(0)

  public init(rawValue: Int64) { self.rawValue = rawValue }

  public init(_ value: Int64) { rawValue = value }

  public var description: String { String(rawValue) }

  public static func < (left: Position, right: Position) -> Bool { left.rawValue < right.rawValue }
}
