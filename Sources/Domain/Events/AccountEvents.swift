// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to an account. Stream: `account-<accountId>`.
public enum AccountEvent: Equatable, Sendable {
  case registered(AccountRegistered)
  case passwordChanged(AccountPasswordChanged)
  case roleChanged(AccountRoleChanged)
  case disabled(AccountDisabled)
  case quotaSet(AccountQuotaSet)
  case quotaCharged(AccountQuotaCharged)
  case quotaReleased(AccountQuotaReleased)
  case sessionRevoked(AccountSessionRevoked)
  case erased(AccountErased)
}

public enum Role: String, Codable, Sendable { case user, admin }

public struct AccountRegistered: DomainEvent {
  public static let eventType = "account.registered"
  /// Version 2 keeps the email encrypted.
  public static let schemaVersion = 2
  public static let alikeSince = 1
  public static let personalMembers = ["email": 2]
  public var accountId: UUID
  public var email: String
  public var role: Role
  /// Logical bytes that the account may hold.
  public var quotaBytes: Int64

  public init(accountId: UUID, email: String, role: Role, quotaBytes: Int64) {
    self.accountId = accountId
    self.email = email
    self.role = role
    self.quotaBytes = quotaBytes
  }
}

public struct AccountPasswordChanged: DomainEvent {
  public static let eventType = "account.passwordChanged"
  public var accountId: UUID

  public init(accountId: UUID) { self.accountId = accountId }
}

public struct AccountRoleChanged: DomainEvent {
  public static let eventType = "account.roleChanged"
  public var accountId: UUID
  public var role: Role

  public init(accountId: UUID, role: Role) {
    self.accountId = accountId
    self.role = role
  }
}

public struct AccountDisabled: DomainEvent {
  public static let eventType = "account.disabled"
  /// Version 2 keeps the reason encrypted.
  public static let schemaVersion = 2
  public static let alikeSince = 1
  public static let personalMembers = ["reason": 2]
  public var accountId: UUID
  public var reason: String

  public init(accountId: UUID, reason: String) {
    self.accountId = accountId
    self.reason = reason
  }
}

public struct AccountQuotaSet: DomainEvent {
  public static let eventType = "account.quotaSet"
  public var accountId: UUID
  public var quotaBytes: Int64

  public init(accountId: UUID, quotaBytes: Int64) {
    self.accountId = accountId
    self.quotaBytes = quotaBytes
  }
}

/// Appended in one transaction with `file.uploaded`. Charges logical bytes, so that no charge tells of another's file.
public struct AccountQuotaCharged: DomainEvent {
  public static let eventType = "account.quotaCharged"
  public var accountId: UUID
  public var fileId: UUID
  public var bytes: Int64
  /// What the account holds after this event.
  public var usedBytes: Int64

  public init(accountId: UUID, fileId: UUID, bytes: Int64, usedBytes: Int64) {
    self.accountId = accountId
    self.fileId = fileId
    self.bytes = bytes
    self.usedBytes = usedBytes
  }
}

/// Appended in one transaction with `file.removed`.
public struct AccountQuotaReleased: DomainEvent {
  public static let eventType = "account.quotaReleased"
  public var accountId: UUID
  public var fileId: UUID
  public var bytes: Int64
  /// What the account holds after this event.
  public var usedBytes: Int64

  public init(accountId: UUID, fileId: UUID, bytes: Int64, usedBytes: Int64) {
    self.accountId = accountId
    self.fileId = fileId
    self.bytes = bytes
    self.usedBytes = usedBytes
  }
}

public struct AccountSessionRevoked: DomainEvent {
  public static let eventType = "account.sessionRevoked"
  public var accountId: UUID
  /// The family of refresh tokens that one sign-in began.
  public var sessionId: UUID
  public var reason: Reason

  public enum Reason: String, Codable, Sendable { case signedOut, tokenReused, passwordChanged, disabled }

  public init(accountId: UUID, sessionId: UUID, reason: Reason) {
    self.accountId = accountId
    self.sessionId = sessionId
    self.reason = reason
  }
}

/// The person is forgotten: their files are gone, their key is destroyed, and nothing more happens to the account.
public struct AccountErased: DomainEvent {
  public static let eventType = "account.erased"
  public var accountId: UUID

  public init(accountId: UUID) { self.accountId = accountId }
}
