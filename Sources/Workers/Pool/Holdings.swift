// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a pool holds at the moment, and who waits until it is less.
final class Holdings: Sendable {
  private struct State {
    var held: [Delivery.Key: Delivery] = [:]
    /// Those of which it is known what they are.
    var jobs: [Delivery.Key: OpenJob] = [:]
    var nextWaiter = 0
    var waiters: [Int: (room: Int, continuation: CheckedContinuation<Void, Never>)] = [:]
  }

  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: of what may be held. It bounds what is asked for; entries that come all the same are not refused.
  init(limit: Int) { self.limit = limit }

  var room: Int { state.withLock { max(0, limit - $0.held.count) } }

  /// The ids held of each stream.
  var byStream: [String: [Delivery.Key]] {
    state.withLock { Dictionary(grouping: $0.held.keys, by: \.stream) }
  }

  /// - Returns: those that were not held before. An entry that this very consumer rescued while it was working on it is left out.
  func add(_ deliveries: [Delivery]) -> [Delivery] {
    state.withLock { state in
      deliveries.filter { delivery in
        guard state.held[delivery.key] == nil else { return false }
        state.held[delivery.key] = delivery
        return true
      }
    }
  }

  /// A held entry is this job.
  func begin(_ job: OpenJob, _ delivery: Delivery) {
    state.withLock { state in
      if state.held[delivery.key] != nil { state.jobs[delivery.key] = job }
    }
  }

  /// The jobs that are held.
  var jobs: [OpenJob] { state.withLock { Array($0.jobs.values) } }

  func remove(_ deliveries: [Delivery]) {
    let due = state.withLock { state in
      for delivery in deliveries {
        state.held[delivery.key] = nil
        state.jobs[delivery.key] = nil
      }
      let room = limit - state.held.count
      let due = state.waiters.filter { $0.value.room <= room }
      for key in due.keys { state.waiters[key] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  /// Returns when nothing is held, or when the task is cancelled.
  func waitUntilEmpty() async { await wait(forRoom: limit) }

  /// Returns when there is this much room, or when the task is cancelled.
  func wait(forRoom room: Int) async {
    let key = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          guard limit - state.held.count < room, !Task.isCancelled else { return true }
          state.waiters[key] = (room, continuation)
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: key) }?.continuation.resume()
    }
  }
}
