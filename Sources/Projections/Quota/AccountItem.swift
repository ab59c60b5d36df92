// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation
import Postgres

/// An account, as its stream tells of it.
public struct AccountItem: Equatable, Sendable {
  public var id: UUID
  public var email: String
  public var role: Role
  public var disabled: Bool
  /// Logical bytes that the account may hold.
  public var quotaBytes: Int64
  /// Logical bytes that it holds.
  public var usedBytes: Int64
  /// The version of the account's stream up to which this row tells it.
  public var streamVersion: Int64
  public var registeredAt: Date
}

extension AccountItem {
  /// The columns that ``init(_:)`` reads, in its order.
  static let columns: StaticString =
    "owner, email, role, disabled, quota_bytes, used_bytes, stream_version, registered_at"

  init(_ row: PostgresRow) throws(PostgresError) {
    let role: String
    (id, email, role, disabled, quotaBytes, usedBytes, streamVersion, registeredAt) = try row.decode(
      (UUID, String, String, Bool, Int64, Int64, Int64, Date).self)
    self.role = try Role.read(role)
  }
}
