// SPDX-License-Identifier: Apache-2.0

extension AccountEvent {
  /// What is written to the log.
  public var payload: any DomainEvent {
    switch self {
    case .registered(let event): event
    case .passwordChanged(let event): event
    case .roleChanged(let event): event
    case .disabled(let event): event
    case .quotaSet(let event): event
    case .quotaCharged(let event): event
    case .quotaReleased(let event): event
    case .sessionRevoked(let event): event
    case .erased(let event): event
    }
  }

  /// Reads an event of the current schema version; nil for a type of another category.
  ///
  /// - Throws: `DecodingError` when the payload is not what its type says.
  public init?(type: String, payload: [UInt8]) throws {
    func read<Event: DomainEvent>(_ type: Event.Type) throws -> Event { try CanonicalJSON.decode(type, from: payload) }
    switch type {
    case AccountRegistered.eventType: self = .registered(try read(AccountRegistered.self))
    case AccountPasswordChanged.eventType: self = .passwordChanged(try read(AccountPasswordChanged.self))
    case AccountRoleChanged.eventType: self = .roleChanged(try read(AccountRoleChanged.self))
    case AccountDisabled.eventType: self = .disabled(try read(AccountDisabled.self))
    case AccountQuotaSet.eventType: self = .quotaSet(try read(AccountQuotaSet.self))
    case AccountQuotaCharged.eventType: self = .quotaCharged(try read(AccountQuotaCharged.self))
    case AccountQuotaReleased.eventType: self = .quotaReleased(try read(AccountQuotaReleased.self))
    case AccountSessionRevoked.eventType: self = .sessionRevoked(try read(AccountSessionRevoked.self))
    case AccountErased.eventType: self = .erased(try read(AccountErased.self))
    default: return nil
    }
  }
}
