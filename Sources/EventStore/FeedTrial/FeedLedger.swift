// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// What the trial's writers were told, and whether they should go on.
final class FeedLedger: Sendable {
  struct Acknowledgement: Sendable {
    let first: Position
    let ids: [UUID]
  }

  private struct State {
    var acknowledged: [Acknowledgement] = []
    var events = 0
    var rolledBack = 0
  }

  private let target: Int
  private let progress: @Sendable (Int) -> Void
  private let state = Mutex(State())
  /// Advances with the number of events acknowledged.
  private let signal = PositionSignal()

  init(target: Int, progress: @escaping @Sendable (Int) -> Void = { _ in }) {
    self.target = target
    self.progress = progress
  }

  var isOpen: Bool { state.withLock { $0.events < target } }
  var acknowledged: [Acknowledgement] { state.withLock { $0.acknowledged } }
  var rolledBack: Int { state.withLock { $0.rolledBack } }

  func acknowledge(_ result: AppendResult, _ ids: [UUID]) {
    let events = state.withLock { state in
      state.acknowledged.append(Acknowledgement(first: result.first, ids: ids))
      state.events += ids.count
      return state.events
    }
    signal.advance(to: Position(Int64(events)))
    progress(min(events, target))
  }

  func rollBack() { state.withLock { $0.rolledBack += 1 } }

  /// Whoever waits for more events than there will be need not wait.
  func close() { signal.advance(to: Position(.max)) }

  /// Returns when so many events are acknowledged. False when it was closed before, or the task cancelled.
  func wait(for events: Int) async -> Bool {
    await signal.wait(past: Position(Int64(events) - 1))
    return signal.newest != Position(.max) && !Task.isCancelled
  }
}
