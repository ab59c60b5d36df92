// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The newest position that this process knows of, and those who wait for a newer one.
///
/// It only ever says "look again": a waiter that wakes reads the log, so a signal that is lost or too many costs time, never an event.
public final class PositionSignal: Sendable {
  private struct State {
    var newest = Position.start
    var nextWaiter = 0
    var waiters: [Int: (past: Position, continuation: CheckedContinuation<Void, Never>)] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  public var newest: Position { state.withLock { $0.newest } }

  /// Wakes those who wait for something below or at `position`. A position that is not newer wakes nobody.
  public func advance(to position: Position) {
    let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard position > state.newest else { return [] }
      state.newest = position
      let due = state.waiters.filter { $0.value.past < position }
      for key in due.keys { state.waiters[key] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in woken { continuation.resume() }
  }

  /// Returns when a position after `position` is known, when the time is up, or when the task is cancelled.
  public func wait(past position: Position, timeout: Duration) async {
    if newest > position { return }
    await withTaskGroup { group in
      group.addTask { await self.wait(past: position) }
      group.addTask { try? await Task.sleep(for: timeout) }
      await group.next()
      group.cancelAll()
    }
  }

  /// Returns when a position after `position` is known, or when the task is cancelled.
  public func wait(past position: Position) async {
    let key = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          guard state.newest <= position, !Task.isCancelled else { return true }
          state.waiters[key] = (position, continuation)
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: key) }?.continuation.resume()
    }
  }
}
