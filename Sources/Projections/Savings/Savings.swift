// SPDX-License-Identifier: Apache-2.0

public import EventStore

/// What somebody holds, and what is kept of it. All in bytes.
public struct Savings: Equatable, Sendable {
  /// Live and trashed.
  public var files: Int64
  /// The sum of the files' sizes.
  public var logicalBytes: Int64
  /// The same with each content counted once.
  public var uniqueBytes: Int64
  /// The same with each content counted as it is kept: in its final form, or at full size until it is settled.
  public var storedBytes: Int64
  /// How far the log was folded into these numbers.
  public var position: Position

  public var savedByDuplicates: Int64 { logicalBytes - uniqueBytes }

  /// Can be negative by a little: what does not compress is kept as it is, with its frame.
  public var savedByCompression: Int64 { uniqueBytes - storedBytes }
}
