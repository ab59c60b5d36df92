// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Foundation
import Synchronization

/// A read model in memory, for tests of what stands on the ledger: it folds a log when it is asked, as far as it is let.
public final class LogFileIndex: FileIndex {
  fileprivate struct State {
    var position = Position.start
    var limit: Position?
    var accounts: [UUID: IndexedAccount] = [:]
    var files: [UUID: (owner: UUID?, record: FileRecord)] = [:]
    var live: [UUID: [PathKey: UUID]] = [:]
  }

  private let log: any EventLog
  private let state = Mutex(State())

  public init(log: any EventLog) { self.log = log }

  /// From now on the read model lags: it stays at a position. nil lets it catch up.
  public func hold(at position: Position?) { state.withLock { $0.limit = position } }

  public func account(_ owner: UUID) async throws -> IndexedAccount? {
    try await catchUp()
    return state.withLock { $0.accounts[owner] }
  }

  public func liveFiles(owner: UUID, paths: [String]) async throws -> IndexedPaths {
    try await catchUp()
    return state.withLock { state in
      let live = state.live[owner, default: [:]]
      return IndexedPaths(
        position: state.position,
        files: paths.map(PathKey.init).reduce(into: [:]) { files, path in files[path] = live[path] })
    }
  }

  private func catchUp() async throws {
    while true {
      let (position, limit) = state.withLock { ($0.position, $0.limit ?? Position(.max)) }
      let events = try await log.read(after: position, limit: 1000).filter { $0.position <= limit }
      if events.isEmpty { return }
      try state.withLock { state in
        // Another caller may have folded some of them.
        for event in events where event.position > state.position { try state.fold(event) }
      }
    }
  }
}

extension LogFileIndex.State {
  fileprivate mutating func fold(_ recorded: RecordedEvent) throws {
    position = recorded.position
    if let event = try AccountEvent(type: recorded.type, payload: recorded.payload),
      let owner = UUID(uuidString: recorded.stream.id)
    {
      let known = accounts[owner]?.state ?? AccountDecider.initial
      accounts[owner] = IndexedAccount(state: AccountDecider.evolve(known, event), version: recorded.version)
    }
    if try FileEvent(type: recorded.type, payload: recorded.payload) != nil,
      let id = UUID(uuidString: recorded.stream.id)
    {
      var record = files[id]?.record ?? FileRecord()
      try record.fold([recorded])
      files[id] = (record.owner, record)
      guard let owner = record.owner, let path = record.upload?.path else { return }
      let key = PathKey(path)
      if record.isLive(at: path) {
        live[owner, default: [:]][key] = id
      } else if live[owner]?[key] == id {
        live[owner]?[key] = nil
      }
    }
  }
}
