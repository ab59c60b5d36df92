// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// The rules of an account, as pure functions over its stream.
///
/// The caller loads (folds ``evolve(_:_:)`` over the stream), decides, appends with the version it folded up to, and decides again
/// after a conflict. So what holds here for one state holds for the log: at every position, used bytes never exceed the quota because of a charge.
public enum AccountDecider {
  public struct State: Equatable, Sendable {
    public enum Status: Equatable, Sendable { case absent, active, disabled, erased }

    public var status: Status
    public var role: Role
    /// Logical bytes that the account may hold.
    public var quotaBytes: Int64
    /// Logical bytes that it holds. May exceed the quota after the quota was lowered; then nothing more is charged.
    public var usedBytes: Int64

    public init(status: Status, role: Role, quotaBytes: Int64, usedBytes: Int64) {
      self.status = status
      self.role = role
      self.quotaBytes = quotaBytes
      self.usedBytes = usedBytes
    }
  }

  public enum Command: Equatable, Sendable {
    case register(email: String, role: Role, quotaBytes: Int64)
    case changePassword
    case changeRole(Role)
    case disable(reason: String)
    case setQuota(bytes: Int64)
    /// Zero bytes are a claim without a price: they take a version of the stream, nothing else.
    case charge(fileId: UUID, bytes: Int64)
    case release(fileId: UUID, bytes: Int64)
    case revokeSession(sessionId: UUID, reason: AccountSessionRevoked.Reason)
    /// Last of all: of an account that is disabled and holds nothing. Repeating it changes nothing.
    case erase
  }

  public enum Refusal: Error, Equatable {
    case alreadyRegistered
    /// Never was, or is erased.
    case unknownAccount
    case disabled
    case quotaExceeded(limit: Int64, used: Int64, requested: Int64)
    /// A release of more than is charged: the caller's books are wrong.
    case releaseExceedsUse(used: Int64, requested: Int64)
    case negativeBytes(Int64)
    /// To be erased, and still active or holding files.
    case inUse
  }

  public static let initial = State(status: .absent, role: .user, quotaBytes: 0, usedBytes: 0)

  /// - Returns: The events to append, none when the account already is as the command wants it.
  public static func decide(
    _ command: Command, _ state: State, accountId: UUID
  ) throws(Refusal) -> [AccountEvent] {
    if case .register(let email, let role, let quotaBytes) = command {
      guard state.status == .absent else { throw .alreadyRegistered }
      try refuseNegative(quotaBytes)
      return [.registered(.init(accountId: accountId, email: email, role: role, quotaBytes: quotaBytes))]
    }
    if case .erase = command, state.status == .erased { return [] }
    guard state.status != .absent, state.status != .erased else { throw .unknownAccount }

    switch command {
    case .register:
      throw .alreadyRegistered
    case .changePassword:
      guard state.status == .active else { throw .disabled }
      return [.passwordChanged(.init(accountId: accountId))]
    case .changeRole(let role):
      return role == state.role ? [] : [.roleChanged(.init(accountId: accountId, role: role))]
    case .disable(let reason):
      return state.status == .disabled ? [] : [.disabled(.init(accountId: accountId, reason: reason))]
    case .setQuota(let bytes):
      try refuseNegative(bytes)
      return bytes == state.quotaBytes ? [] : [.quotaSet(.init(accountId: accountId, quotaBytes: bytes))]
    case .charge(let fileId, let bytes):
      return [.quotaCharged(try charge(fileId, bytes, state, accountId))]
    case .release(let fileId, let bytes):
      try refuseNegative(bytes)
      guard bytes <= state.usedBytes else {
        throw .releaseExceedsUse(used: state.usedBytes, requested: bytes)
      }
      return [
        .quotaReleased(
          .init(accountId: accountId, fileId: fileId, bytes: bytes, usedBytes: state.usedBytes - bytes))
      ]
    case .revokeSession(let sessionId, let reason):
      return [.sessionRevoked(.init(accountId: accountId, sessionId: sessionId, reason: reason))]
    case .erase:
      guard state.status == .disabled, state.usedBytes == 0 else { throw .inUse }
      return [.erased(.init(accountId: accountId))]
    }
  }

  public static func evolve(_ state: State, _ event: AccountEvent) -> State {
    var next = state
    switch event {
    case .registered(let event):
      next = State(status: .active, role: event.role, quotaBytes: event.quotaBytes, usedBytes: 0)
    case .roleChanged(let event): next.role = event.role
    case .disabled: next.status = .disabled
    case .quotaSet(let event): next.quotaBytes = event.quotaBytes
    case .quotaCharged(let event): next.usedBytes = event.usedBytes
    case .quotaReleased(let event): next.usedBytes = event.usedBytes
    case .erased: next.status = .erased
    case .passwordChanged, .sessionRevoked: break
    }
    return next
  }

  private static func charge(
    _ fileId: UUID, _ bytes: Int64, _ state: State, _ accountId: UUID
  ) throws(Refusal) -> AccountQuotaCharged {
    guard state.status == .active else { throw .disabled }
    try refuseNegative(bytes)
    let (used, overflow) = state.usedBytes.addingReportingOverflow(bytes)
    // A claim of nothing is free also when the quota was lowered below what is used.
    guard !overflow, used <= state.quotaBytes || bytes == 0 else {
      throw .quotaExceeded(limit: state.quotaBytes, used: state.usedBytes, requested: bytes)
    }
    return AccountQuotaCharged(accountId: accountId, fileId: fileId, bytes: bytes, usedBytes: used)
  }

  private static func refuseNegative(_ bytes: Int64) throws(Refusal) {
    guard bytes >= 0 else { throw .negativeBytes(bytes) }
  }
}
