// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// Lets whatever arrives while a transaction is under way become the next one.
///
/// An append that comes alone is taken up at once, and the busier it gets, the larger the batches grow. One batch is under way at a
/// time; a second would only wait for the head's lock.
final class GroupCommit: Sendable {
  typealias Waiter = CheckedContinuation<AppendResult, any Error>
  typealias Entry = AppendQueue<Waiter>.Entry

  private struct State {
    var queue: AppendQueue<Waiter>
    var isStarted = false
    var isClosed = false
    /// The drain, while there is nothing to do.
    var idle: CheckedContinuation<Void, Never>?
    /// When the drain asked for a batch.
    var asked = ContinuousClock.now
    /// The last append that found nobody before it came so soon after that as one whom the batch before had set free.
    var returnsAtOnce = false
    /// How many appends the drain waits for on its thread; it is told when they are there.
    var expected: Int?

    /// Notes how soon the first came. True when the drain is to be told.
    mutating func add(_ entry: Entry) -> Bool {
      if queue.isEmpty { returnsAtOnce = asked.duration(to: .now) < GroupCommit.returnLimit }
      queue.add(entry)
      return queue.count == expected
    }
  }

  /// How long a writer that was set free may take until its next append is no answer to that.
  private static let returnLimit = Duration.microseconds(100)

  /// So many appends are worth a transaction of their own while others are told of theirs. Fewer get through faster together.
  static let crowd = 64
  /// How long a crowd may take to come back: less than the server needs for another.
  private static let crowdLimit = DispatchTimeInterval.microseconds(500)

  private let state: Mutex<State>
  private let returned = DispatchSemaphore(value: 0)
  /// Takes batches with ``nextBatch()``, and finishes them, until there are none to come.
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
      try await withCheckedThrowingContinuation { add(appends, ticket, $0) }
    } onCancel: {
      state.withLock { $0.queue.withdraw(ticket) }?.waiter.resume(throwing: CancellationError())
    }
  }

  private enum Added {
    case cancelled, waits, completes
    case wakes(CheckedContinuation<Void, Never>)
    case starts
  }

  private func add(_ appends: [StreamAppend], _ ticket: UInt64, _ waiter: Waiter) {
    let added = state.withLock { state -> Added in
      // Asked under the lock: whoever cancels later finds the entry.
      if Task.isCancelled { return .cancelled }
      let completes = state.add(Entry(ticket: ticket, appends: appends, waiter: waiter))
      guard state.isStarted else {
        state.isStarted = true
        return .starts
      }
      guard let idle = state.idle.take() else { return completes ? .completes : .waits }
      return .wakes(idle)
    }
    switch added {
    case .cancelled: waiter.resume(throwing: CancellationError())
    case .waits: break
    case .completes: returned.signal()
    case .wakes(let idle): idle.resume()
    // Escapes the cancellation of the task that happened to come first: the batches are everybody's. It ends after `close`.
    case .starts: Task { await drain(self) }
    }
  }

  /// The next batch, when there is one; nil ends the draining. Each entry's waiter must be resumed once.
  ///
  /// - Parameter previous: how many appends the last batch had. Call it on a thread that may sleep.
  func nextBatch(following previous: Int = 0) async -> [Entry]? {
    awaitReturn(of: previous)
    while true {
      let (batch, isClosed) = state.withLock { ($0.queue.takeBatch(), $0.isClosed) }
      if !batch.isEmpty { return batch }
      if isClosed { return nil }
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          guard state.queue.isEmpty, !state.isClosed else { return true }
          state.idle = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    }
  }

  /// A batch that is worth its own transaction while the last one's writers are told, or another batch is under way; nil when too few wait.
  ///
  /// - Parameter count: how many have just been told, and may come back. Call it on a thread that may sleep.
  func nextCrowd(following count: Int = 0) -> [Entry]? {
    if count >= Self.crowd { awaitCrowd(of: count, for: Self.crowdLimit) }
    return state.withLock { $0.queue.count >= Self.crowd ? $0.queue.takeBatch() : nil }
  }

  /// Writers whom a batch has set free often come back at once, and are waited for, a tenth of a millisecond at most.
  private func awaitReturn(of count: Int) {
    let returnsAtOnce = state.withLock { state in
      state.asked = .now
      return state.returnsAtOnce
    }
    if count > 2 {
      // The first half of many is sent, and the second half comes meanwhile.
      awaitCrowd(of: count < 2 * Self.crowd ? count : count / 2, for: .microseconds(100))
    } else if count > 0, returnsAtOnce {
      watchOut()
    }
  }

  /// Keeps many together: without it they fall into two groups that wait for each other's commits, and a third fewer appends get through.
  private func awaitCrowd(of count: Int, for limit: DispatchTimeInterval) {
    let mustWait = state.withLock { state in
      guard state.queue.count < count else { return false }
      state.expected = count
      return true
    }
    guard mustWait else { return }
    let isThere = returned.wait(timeout: .now() + limit) == .success
    let wasTold = state.withLock { state in
      state.expected = nil
      return state.queue.count >= count
    }
    // Told between the end of the wait and the lock: the signal is taken here, or the next wait would end at once.
    if wasTold, !isThere { _ = returned.wait(timeout: .now()) }
  }

  /// A lone writer's next append is met awake: to be woken would cost it a fifth of the time that its commit takes.
  private func watchOut() {
    let deadline = ContinuousClock.now + Self.returnLimit
    while waitingCount == 0, ContinuousClock.now < deadline { sched_yield() }
  }

  /// How many appends wait for the next batch.
  var waitingCount: Int { state.withLock { $0.queue.count } }

  /// No append will come any more. What has come is finished.
  func close() {
    state.withLock { state in
      state.isClosed = true
      return state.idle.take()
    }?.resume()
  }
}
