// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// What the ledger asks of the read models. They may lag behind the log: each answer says how far it goes.
public protocol FileIndex: Sendable {
  /// The account as far as it is projected; nil when it is not, yet.
  func account(_ owner: UUID) async throws -> IndexedAccount?

  /// The owner's live files with these paths, and the position of the log that the answer reflects: no less and no more.
  func liveFiles(owner: UUID, paths: [String]) async throws -> IndexedPaths
}

public struct IndexedAccount: Equatable, Sendable {
  public var state: AccountDecider.State
  /// Of the account's stream.
  public var version: Int64

  public init(state: AccountDecider.State, version: Int64) {
    self.state = state
    self.version = version
  }
}

public struct IndexedPaths: Equatable, Sendable {
  public var position: Position
  public var files: [PathKey: UUID]

  public init(position: Position, files: [PathKey: UUID]) {
    self.position = position
    self.files = files
  }
}
