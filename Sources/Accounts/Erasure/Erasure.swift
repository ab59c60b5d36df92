// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// What forgetting a person came to.
public struct Erasure: Equatable, Sendable {
  public var accountId: UUID
  /// Of `account.erased`.
  public var position: Position
  /// Files that were removed.
  public var files: Int
  /// Logical bytes of them.
  public var bytes: Int64
  /// Events of the first schema versions, whose texts the log holds in the clear and cannot forget.
  public var eventsInTheClear: Int
  /// What those files held, and others of the account before.
  public var contents: Set<Digest>
  /// Bytes on the disk that nobody else refers to, and when they go at the earliest; nil when that is not known yet.
  public var condemned: Condemned?

  public struct Condemned: Equatable, Sendable {
    public var bytes: Int64
    public var until: Date
  }
}
