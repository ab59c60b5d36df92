// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Publishes files durably, many at the cost of few.
///
/// A durable publication waits for the disk twice: for the file's bytes, then for its name. A file system commits its journal for
/// everybody who waits at that moment, so whatever arrives while one round is under way forms the next, whose files are synced side
/// by side and whose directories are each synced once. There is no timer: a lone publication never waits for company.
final class DurabilityGroup: Sendable {
  /// A name that is to be durable.
  struct Publication: Sendable {
    /// How the name comes to be.
    enum Origin: Sendable {
      /// From a file that was written and not yet synced, unless the name is taken. The file loses its first name.
      case staged(OpenFile)
      /// From such a file, in the place of a damaged one.
      case replacing(OpenFile)
      /// It is there already, and may not be durable yet.
      case present
    }

    let origin: Origin
    let name: String
    let directory: String
    /// What goes once the name is durable.
    var obsolete: Obsolete?
  }

  /// A form that another one makes superfluous, as long as that one has not been condemned since.
  struct Obsolete: Sendable {
    let path: String
    let lock: CondemnationLock
  }

  private struct Waiting: Sendable {
    let publication: Publication
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var isRunning = false
    var waiting: [Waiting] = []
  }

  private let disk: Disk
  private let pool: BlockingPool
  private let state = Mutex(State())

  init(disk: Disk, pool: BlockingPool) {
    self.disk = disk
    self.pool = pool
  }

  /// Publications that wait for the next round.
  var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Returns once something durable has the name.
  /// - Throws: when a sync failed, which is final: nothing is promised.
  func publish(_ publication: Publication) async throws {
    try await withCheckedThrowingContinuation { continuation in
      let mustStart = state.withLock { state in
        state.waiting.append(Waiting(publication: publication, continuation: continuation))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      // Escapes the cancellation of the caller that happened to come first: the rounds serve others too. Each caller awaits
      // its own continuation, so none of the work is forgotten.
      if mustStart { Task { await runRounds() } }
    }
  }

  private func runRounds() async {
    while true {
      let round = state.withLock { state in
        defer { state.waiting = [] }
        state.isRunning = !state.waiting.isEmpty
        return state.waiting
      }
      if round.isEmpty { return }
      let start = ContinuousClock.now
      await run(round)
      BlobMetrics.synced(round.count, in: start.duration(to: .now))
    }
  }

  private func run(_ round: [Waiting]) async {
    let named = await pool.each(round.map(\.publication)) { [disk] publication in
      try publication.origin.give(publication.name, on: disk)
    }
    // Also for names that were taken: whoever took them may not have synced the directory yet.
    let directories = Set(round.map(\.publication.directory)).sorted()
    let synced = Dictionary(
      uniqueKeysWithValues: zip(
        directories, await pool.each(directories) { [disk] directory in try disk.syncDirectory(directory) }))

    var leftovers: [(superseding: String, obsolete: Obsolete)] = []
    for (waiting, named) in zip(round, named) {
      let publication = waiting.publication
      switch (named, synced[publication.directory]) {
      case (.failure(let error), _):
        waiting.continuation.resume(throwing: error)
      case (.success, .failure(let error)):
        // The name stays, as after a crash: another upload may have found it meanwhile, here or in another process. Whoever finds it
        // syncs the directory before relying on it.
        waiting.continuation.resume(throwing: error)
      case (.success, _):
        if let obsolete = publication.obsolete { leftovers.append((publication.name, obsolete)) }
      }
    }
    _ = await pool.each(leftovers) { [disk] name, obsolete in
      // A later upload may have published the obsolete form anew, because the other one was condemned: then it is not obsolete.
      try obsolete.lock.shared { () throws(BlobStoreError) in
        if access(name, F_OK) == 0 { try disk.remove(obsolete.path) }
      }
    }
    for (waiting, named) in zip(round, named) {
      if case .success = named, case .success = synced[waiting.publication.directory] { waiting.continuation.resume() }
    }
  }
}

extension DurabilityGroup.Publication.Origin {
  /// Blocks the calling thread.
  fileprivate func give(_ name: String, on disk: Disk) throws(BlobStoreError) {
    switch self {
    case .staged(let file):
      // Whatever comes of it; what cannot be removed now is swept later.
      defer { try? disk.remove(file.path) }
      try disk.sync(file)
      _ = try disk.link(file.path, to: name)
    case .replacing(let file):
      try disk.sync(file)
      _ = try disk.rename(file.path, to: name)
    case .present:
      break
    }
  }
}
