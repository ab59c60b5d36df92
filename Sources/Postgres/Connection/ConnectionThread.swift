// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Foundation
internal import Synchronization

/// A thread of one connection's own, as the executor of its actor.
///
/// libpq blocks. On Swift's cooperative threads, of which there are as many as cores, a few slow statements would
/// stop the process; here they stop their own connection only.
final class ConnectionThread: SerialExecutor {
  private struct State {
    var jobs: [UnownedJob] = []
    var isStopped = false
  }

  private let state = Mutex(State())
  private let available = DispatchSemaphore(value: 0)

  init(name: String) {
    // The thread keeps the executor alive until it ends: the actor lets go of it in its deinit, which may run here.
    let thread = Thread { self.run() }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    state.withLock { $0.jobs.append(job) }
    available.signal()
  }

  /// Ends the thread once its jobs are done. Called from the actor's deinit, after which no job can come.
  func stop() {
    state.withLock { $0.isStopped = true }
    available.signal()
  }

  private func run() {
    while true {
      available.wait()
      // One signal per job: some waits find their job taken already, and nothing to do.
      let (jobs, isStopped) = state.withLock { state in
        defer { state.jobs = [] }
        return (state.jobs, state.isStopped)
      }
      for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      if isStopped { return }
    }
  }
}
