// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
import Foundation
public import Postgres

/// Encrypts what is personal in events on their way into the log, each under its owner's key, and decrypts it on the way out.
///
/// Of a person who was forgotten the texts are read as empty; everything else of their events stays as it was.
public struct PersonalProtection: PayloadProtection {
  private struct Concealed: Sendable {
    let member: PersonalMember
    /// The first schema version that conceals it.
    let since: Int
  }

  private static let concealed: [String: [Concealed]] = Dictionary(
    uniqueKeysWithValues: PersonalEvents.all.map { type in
      let members = type.personalMembers.sorted { $0.key < $1.key }
      return (type.eventType, members.map { Concealed(member: PersonalMember($0.key), since: $0.value) })
    })

  private let keys: PersonalKeys

  public init(keys: PersonalKeys) { self.keys = keys }

  public func conceal(_ appends: [StreamAppend], on connection: PostgresConnection?) async throws -> [StreamAppend] {
    var owners: Set<UUID> = []
    for event in appends.lazy.flatMap(\.events) where Self.isPersonal(event.type, event.schemaVersion) {
      guard let owner = event.owner else { throw PersonalKeyError.ownerless(type: event.type) }
      owners.insert(owner)
    }
    guard !owners.isEmpty else { return appends }
    let keys = try await keys.keys(of: owners, on: connection)
    var concealed = appends
    for append in concealed.indices {
      for index in concealed[append].events.indices {
        try Self.conceal(&concealed[append].events[index], keys)
      }
    }
    return concealed
  }

  public func reveal(_ events: inout [RecordedEvent]) async throws {
    var owners: Set<UUID> = []
    for event in events where Self.isPersonal(event.type, event.schemaVersion) {
      if let owner = event.owner { owners.insert(owner) }
    }
    guard !owners.isEmpty else { return }
    let standings = try await keys.standings(of: owners)
    for index in events.indices { try Self.reveal(&events[index], standings) }
  }

  private static func isPersonal(_ type: String, _ version: Int) -> Bool {
    concealed[type]?.contains { $0.since <= version } ?? false
  }

  private static func conceal(_ event: inout NewEvent, _ keys: [UUID: PersonalKey]) throws {
    guard let members = concealed[event.type], let key = event.owner.flatMap({ keys[$0] }) else { return }
    for concealed in members where concealed.since <= event.schemaVersion {
      guard let text = concealed.member.text(in: event.payload) else { continue }
      let sealed = try key.seal(event.payload[text], as: concealed.member.name, of: event.id)
      event.payload.replaceSubrange(text, with: sealed)
    }
  }

  private static func reveal(_ event: inout RecordedEvent, _ standings: [UUID: PersonalKeys.Standing]) throws {
    guard let members = concealed[event.type], let owner = event.owner else { return }
    for concealed in members where concealed.since <= event.schemaVersion {
      guard let text = concealed.member.text(in: event.payload) else { continue }
      switch standings[owner] {
      case nil: throw PersonalKeyError.missing(account: owner)
      case .destroyed: event.payload.removeSubrange(text)
      case .kept(let key):
        do {
          let opened = try key.open(event.payload[text], as: concealed.member.name, of: event.id)
          event.payload.replaceSubrange(text, with: opened)
        } catch {
          throw EventDecodingError(event, "its \(concealed.member.name) was not written under its owner's key")
        }
      }
    }
  }
}
