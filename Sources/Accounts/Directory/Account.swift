// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// A person or program that may sign in.
public struct Account: Sendable, Equatable {
  public var id: UUID
  /// As it was typed; compared without regard to case.
  public var email: String
  public var role: Role
  /// Logical bytes that it may hold.
  public var quotaBytes: Int64
  public var createdAt: Date

  public init(id: UUID, email: String, role: Role, quotaBytes: Int64, createdAt: Date) {
    self.id = id
    self.email = email
    self.role = role
    self.quotaBytes = quotaBytes
    self.createdAt = createdAt
  }
}
