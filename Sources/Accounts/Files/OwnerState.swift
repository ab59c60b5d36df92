// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What a ledger knows of an owner: the account at one version of its stream, and every path that was claimed up to it.
///
/// A path is claimed by an upload or a restoration, and every claim takes a version of the account's stream. So whoever appends at
/// version n + 1, knowing all claims up to version n, can give no path twice, whatever other servers do: their claim would have taken
/// that version, and the append would be refused.
///
/// The claims are those of the read model at some position, and, in ``claims``, those that came after it.
struct OwnerState: Equatable, Sendable {
  let owner: UUID
  var account = AccountDecider.initial
  /// Of the account's stream.
  var version: Int64 = 0
  /// The latest claim of each path after the read model's position. The file may have been trashed since: its stream tells.
  var claims: [PathKey: Claim] = [:]
  /// What the read model is known to have reached.
  var indexed = Position.start

  struct Claim: Equatable, Sendable {
    var fileId: UUID
    var position: Position
  }

  init(owner: UUID) { self.owner = owner }

  var stream: StreamName { .account(owner) }

  /// Takes in events of the account's stream; what is known already is skipped.
  ///
  /// - Throws: `DecodingError`, for an event that is broken.
  mutating func fold(account events: [RecordedEvent]) throws {
    for recorded in events where recorded.stream == stream && recorded.version == version + 1 {
      if let event = try AccountEvent(type: recorded.type, payload: recorded.payload) {
        account = AccountDecider.evolve(account, event)
      }
      version = recorded.version
    }
  }

  mutating func claim(_ path: String, by fileId: UUID, at position: Position) {
    claims[PathKey(path)] = Claim(fileId: fileId, position: position)
  }

  /// Forgets the claims that an answer of the read model includes.
  mutating func index(reached position: Position) {
    guard position > indexed else { return }
    indexed = position
    claims = claims.filter { $0.value.position > position }
  }
}

extension StreamName {
  static func account(_ id: UUID) -> StreamName { StreamName(category: "account", id: id) }

  static func file(_ id: UUID) -> StreamName { StreamName(category: "file", id: id) }
}
