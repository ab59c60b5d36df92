// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What an account's own events say of it, read as far as they go.
struct OwnerHistory {
  let owner: UUID
  private(set) var account = AccountDecider.initial
  /// Of the account's stream.
  private(set) var version: Int64 = 0
  /// Sizes of the files that are not removed.
  private(set) var files: [UUID: Int64] = [:]
  /// Contents that it ever had.
  private(set) var digests: Set<Digest> = []
  private(set) var eventsInTheClear = 0
  private var position = Position.start

  init(of owner: UUID) { self.owner = owner }

  /// Reads what has come since the last time.
  mutating func read(from log: some EventLog) async throws {
    while true {
      let page = try await log.page(after: position, limit: 1000, filter: .owner(owner))
      for event in page.events { try fold(event) }
      position = page.through
      if page.isLast { return }
    }
  }

  private mutating func fold(_ recorded: RecordedEvent) throws {
    if PersonalEvents.isInTheClear(type: recorded.type, schemaVersion: recorded.schemaVersion) { eventsInTheClear += 1 }
    if recorded.stream == .account(owner),
      let event = try AccountEvent(type: recorded.type, payload: recorded.payload)
    {
      account = AccountDecider.evolve(account, event)
      version = recorded.version
    }
    switch try FileEvent(type: recorded.type, payload: recorded.payload) {
    case .uploaded(let file):
      files[file.fileId] = file.size
      digests.insert(file.digest)
    case .removed(let file): files[file.fileId] = nil
    case .trashed, .restored, nil: break
    }
  }
}
