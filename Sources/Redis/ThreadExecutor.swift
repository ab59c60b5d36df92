// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// Runs an actor's jobs one after another on a thread of their own, where they may block.
///
/// The thread ends when the executor is released. Each waiting job keeps the executor alive, so none is lost.
final class ThreadExecutor: SerialExecutor {
  private let inbox = Inbox()

  init(name: String) {
    let thread = Thread { [inbox] in
      SignalMask.blockPipe()
      while let item = inbox.next() {
        item.job.runSynchronously(on: item.executor.asUnownedSerialExecutor())
      }
    }
    thread.name = name
    thread.start()
  }

  deinit { inbox.put(nil) }

  func enqueue(_ job: consuming ExecutorJob) {
    inbox.put(Item(job: UnownedJob(job), executor: self))
  }

  private struct Item: Sendable {
    let job: UnownedJob
    let executor: ThreadExecutor
  }

  /// A queue with one reader; nil is its end.
  private final class Inbox: Sendable {
    private let items = Mutex<[Item?]>([])
    private let filled = DispatchSemaphore(value: 0)

    func put(_ item: Item?) {
      items.withLock { $0.append(item) }
      filled.signal()
    }

    func next() -> Item? {
      filled.wait()
      // One signal for each item: there is one. Queues here are a few items long, so moving them up costs nothing.
      return items.withLock { $0.removeFirst() }
    }
  }
}
