// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Publishes files durably, many at the cost of few.
///
/// A durable publication waits for the disk twice: for the file's bytes, then for its name. A file system commits its journal for
/// everybody who waits at that moment, so whatever arrives while one round is under way forms the next, whose files are synced side
/// by side and whose directories are each synced once. There is no timer: a lone publication never waits for company.
final class DurabilityGroup: Sendable {
  /// A name that is to be durable.
  struct Publication: Sendable {
    /// The file that is to get the name, written and not yet synced; nil when another has it already.
    let file: OpenFile?
    let name: String
    let directory: String
  }

  private struct Waiting: Sendable {
    let publication: Publication
    let continuation: CheckedContinuation<Bool, any Error>
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

  /// Makes a file durable under its final name, unless that name is taken: then whatever has it is durable on return.
  ///
  /// The file loses its first name either way.
  /// - Returns: whether the name was free.
  /// - Throws: when a sync failed, which is final: nothing is promised, and nothing was published by this call.
  func publish(_ publication: Publication) async throws -> Bool {
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
      await run(round)
    }
  }

  private func run(_ round: [Waiting]) async {
    let linked = await inLanes(round.map(\.publication)) { [disk] publication in
      guard let file = publication.file else { return false }
      defer { try? disk.remove(file.path) }
      try disk.sync(file)
      return try disk.link(file.path, to: publication.name)
    }
    // Also for names that were taken: whoever took them may not have synced the directory yet.
    let directories = Set(round.map(\.publication.directory)).sorted()
    let synced = await inLanes(directories) { [disk] directory in try disk.syncDirectory(directory) }
    let failures = Dictionary(
      uniqueKeysWithValues: zip(directories, synced).compactMap { directory, result in
        if case .failure(let error) = result { (directory, error) } else { nil }
      })

    for (waiting, result) in zip(round, linked) {
      guard case .success(let isNew) = result, let failure = failures[waiting.publication.directory] else {
        waiting.continuation.resume(with: result)
        continue
      }
      // The next upload of the content must not find a name whose durability is unknown.
      if isNew { _ = await inLanes([waiting.publication.name]) { [disk] in try disk.remove($0) } }
      waiting.continuation.resume(throwing: failure)
    }
  }

  /// Applies `body` to each element on the pool, with no more hops than the pool has threads.
  private func inLanes<Element: Sendable, Output: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Output
  ) async -> [Result<Output, any Error>] {
    let laneCount = min(pool.threadCount, elements.count)
    return await withTaskGroup(of: [(Int, Result<Output, any Error>)].self) { [pool] group in
      for lane in 0..<laneCount {
        group.addTask {
          let indices = stride(from: lane, to: elements.count, by: laneCount)
          do {
            return try await pool.run { indices.map { index in (index, Result { try body(elements[index]) }) } }
          } catch {
            return indices.map { ($0, .failure(error)) }
          }
        }
      }
      var results = [Result<Output, any Error>](repeating: .failure(CancellationError()), count: elements.count)
      for await lane in group {
        for (index, result) in lane { results[index] = result }
      }
      return results
    }
  }
}
