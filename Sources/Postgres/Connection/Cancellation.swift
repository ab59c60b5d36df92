// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
internal import Dispatch
internal import Synchronization

/// Stops the statement under way on one connection, from any thread.
///
/// The server cancels whatever the session is running when the request arrives, which by then may be the next
/// statement. So each statement is a numbered call, and a call that was asked to stop does not end before its request
/// has been dealt with.
final class Cancellation: Sendable {
  private struct State {
    var call: UInt64 = 0
    var isActive = false
    var wasRequested = false
  }

  private let request: CancelRequest
  private let state = Mutex(State())
  private let callEnded = DispatchSemaphore(value: 0)
  private let requestEnded = DispatchSemaphore(value: 0)

  init(_ request: CancelRequest) { self.request = request }

  /// A statement begins; the number names it for ``cancel(_:)``.
  func begin() -> UInt64 {
    state.withLock { state in
      state.call += 1
      state.isActive = true
      state.wasRequested = false
      return state.call
    }
  }

  /// The statement has ended. True if it was asked to stop, whether or not that came in time.
  func end() -> Bool {
    let wasRequested = state.withLock { state in
      state.isActive = false
      return state.wasRequested
    }
    if wasRequested {
      callEnded.signal()
      requestEnded.wait()
    }
    return wasRequested
  }

  /// Returns at once; does nothing unless that call is still under way.
  func cancel(_ call: UInt64) {
    let mustRequest = state.withLock { state in
      guard state.isActive, state.call == call, !state.wasRequested else { return false }
      state.wasRequested = true
      return true
    }
    guard mustRequest else { return }
    // PQcancel opens a connection and waits: not on a cooperative thread.
    DispatchQueue.global().async { [self] in
      // Again until the call ends: a request that comes before the statement has reached the server is ignored there.
      repeat { request.send() } while callEnded.wait(timeout: .now() + .milliseconds(50)) == .timedOut
      requestEnded.signal()
    }
  }
}

/// Owns one `PGcancel`.
///
/// `@unchecked Sendable`, because libpq fills a `PGcancel` when it makes it and PQcancel only reads it: "safe to
/// invoke from a signal handler", or another thread, while the connection is in use (libpq, "Canceling Queries in
/// Progress").
final class CancelRequest: @unchecked Sendable {
  private let pointer: OpaquePointer

  /// - Parameter pointer: from PQgetCancel.
  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  deinit { PQfreeCancel(pointer) }

  /// Returns when the server has passed the request on, or cannot be reached: then the statement fails by itself.
  func send() {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
      _ = PQcancel(pointer, message.baseAddress, Int32(message.count))
    }
  }
}
