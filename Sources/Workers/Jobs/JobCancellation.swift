// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Tells whoever works on a job that it is not wanted any more. Its result would be refused: this saves the work.
public final class JobCancellation: Sendable, Equatable {
  private struct State {
    var isCancelled = false
    var nextHandler = 0
    var handlers: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Mutex(State())

  public var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// - Throws: ``JobFailure`` with ``JobFailure/Remedy/stale``.
  public func check() throws(JobFailure) {
    if isCancelled { throw JobFailure(.stale, code: "job.cancelled", reason: "The job was cancelled.") }
  }

  /// Does what takes long in a task that is cancelled with the job, and with the task that calls.
  public func cancelling<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    // Unstructured so that the job can cancel it alone; it is awaited here, and cancelled with its caller.
    let task = Task { try await body() }
    let key = add { task.cancel() }
    defer { state.withLock { $0.handlers[key] = nil } }
    return try await withTaskCancellationHandler {
      do {
        return try await task.value
      } catch is CancellationError {
        try check()
        throw CancellationError()
      }
    } onCancel: {
      task.cancel()
    }
  }

  func cancel() {
    let handlers = state.withLock { state in
      state.isCancelled = true
      return state.handlers.values
    }
    for handler in handlers { handler() }
  }

  private func add(_ handler: @escaping @Sendable () -> Void) -> Int {
    let (key, isCancelled) = state.withLock { state in
      state.nextHandler += 1
      state.handlers[state.nextHandler] = handler
      return (state.nextHandler, state.isCancelled)
    }
    if isCancelled { handler() }
    return key
  }

  public static func == (left: JobCancellation, right: JobCancellation) -> Bool { left === right }
}
