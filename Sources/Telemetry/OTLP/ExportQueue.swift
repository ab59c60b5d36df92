// SPDX-License-Identifier: Apache-2.0

import Metrics
import Synchronization

/// What waits to be sent. It never makes anybody wait: what finds it full is dropped, and counted.
final class ExportQueue<Element: Sendable>: Sendable {
  private struct State {
    var waiting: [Element] = []
    var reader: CheckedContinuation<Void, Never>?
  }

  let batching: OTLPConfiguration.Batching
  private let state = Mutex(State())
  private let dropped: Counter

  init(_ signal: OTLPConfiguration.Signal, _ batching: OTLPConfiguration.Batching) {
    self.batching = batching
    dropped = Counter(label: "onefold_telemetry_dropped_total", dimensions: [("signal", signal.rawValue)])
    dropped.increment(by: 0)
  }

  func offer(_ element: Element) {
    let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
      guard state.waiting.count < batching.limit else { return (false, nil) }
      state.waiting.append(element)
      return (true, state.waiting.count >= batching.size ? state.reader.take() : nil)
    }
    if !isTaken { dropped.increment() }
    reader?.resume()
  }

  /// No more than fit in one request.
  func take() -> [Element] {
    state.withLock { state in
      let batch = Array(state.waiting.prefix(batching.size))
      state.waiting.removeFirst(batch.count)
      return batch
    }
  }

  /// Before all others.
  func putBack(_ batch: [Element]) { state.withLock { $0.waiting.insert(contentsOf: batch, at: 0) } }

  func drop(_ count: Int) { dropped.increment(by: count) }

  /// Returns when there is enough for a request, when the delay is over, or when the task is cancelled.
  func wait() async {
    await withTaskGroup { group in
      group.addTask { await self.waitUntilFull() }
      group.addTask { try? await Task.sleep(for: self.batching.delay) }
      await group.next()
      group.cancelAll()
    }
  }

  /// One at a time.
  private func waitUntilFull() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          guard state.waiting.count < batching.size, !Task.isCancelled else { return true }
          state.reader = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.reader.take() }?.resume()
    }
  }
}
