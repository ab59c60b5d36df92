// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Lets whatever arrives while a transaction is under way become the next one.
///
/// There is no timer: an append that comes alone is taken up at once, and the busier it gets, the larger the batches grow. One
/// batch is under way at a time; a second would only wait for the head's lock.
final class GroupCommit: Sendable {
  typealias Waiter = CheckedContinuation<AppendResult, any Error>
  typealias Entry = AppendQueue<Waiter>.Entry

  private struct State {
    var queue: AppendQueue<Waiter>
    var isDraining = false
  }

  private let state: Mutex<State>
  /// Takes batches, and finishes them, until there are none.
  private let drain: @Sendable (GroupCommit) async -> Void

  init(batchLimit: Int, drain: @escaping @Sendable (GroupCommit) async -> Void) {
    state = Mutex(State(queue: AppendQueue(batchLimit: batchLimit)))
    self.drain = drain
  }

  /// - Throws: `CancellationError` when the task was cancelled before its append was taken up: then it has not happened. Once taken up,
  ///   the append goes on, and its result is waited for.
  func append(_ appends: [StreamAppend]) async throws -> AppendResult {
    let ticket = state.withLock { $0.queue.ticket() }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let (isCancelled, mustStart) = state.withLock { state in
          // Asked under the lock: whoever cancels later finds the entry.
          if Task.isCancelled { return (true, false) }
          state.queue.add(Entry(ticket: ticket, appends: appends, waiter: continuation))
          defer { state.isDraining = true }
          return (false, !state.isDraining)
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
        // Escapes the cancellation of the task that happened to come first: the batches are everybody's. It ends with the queue.
        if mustStart { Task { await drain(self) } }
      }
    } onCancel: {
      state.withLock { $0.queue.withdraw(ticket) }?.waiter.resume(throwing: CancellationError())
    }
  }

  /// The next batch; nil ends the draining. Each entry's waiter must be resumed once.
  func takeBatch() -> [Entry]? {
    state.withLock { state in
      let batch = state.queue.takeBatch()
      state.isDraining = !batch.isEmpty
      return batch.isEmpty ? nil : batch
    }
  }
}
