// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The one thread from which children are started.
///
/// Children ask the kernel for a signal when their parent dies, and to Linux the parent is the *thread* that started them: one of a
/// pool's threads may end while the process lives on, and would take a server with it. This one ends with the process.
final class SpawnThread: Sendable {
  static let shared = SpawnThread()

  private let queue = Mailbox()

  private init() {
    let queue = queue
    let thread = Thread {
      // Children inherit the mask of this thread, which inherited that of a dispatch worker: everything blocked. A server
      // would then hear neither a polite stop nor the death of its parent.
      var none = sigset_t()
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, nil)
      while true { queue.take()() }
    }
    thread.name = "onefold-spawn"
    thread.start()
  }

  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      queue.put { continuation.resume(with: Result { try body() }) }
    }
  }
}

/// A blocking queue of closures. Unchecked: `pending` is touched only while `condition` is held.
private final class Mailbox: @unchecked Sendable {
  private let condition = NSCondition()
  private var pending: [@Sendable () -> Void] = []

  func put(_ work: @escaping @Sendable () -> Void) {
    condition.lock()
    pending.append(work)
    condition.signal()
    condition.unlock()
  }

  func take() -> @Sendable () -> Void {
    condition.lock()
    defer { condition.unlock() }
    while pending.isEmpty { condition.wait() }
    return pending.removeFirst()
  }
}
