// SPDX-License-Identifier: Apache-2.0

import NIOPosix

/// The only threads on which this module blocks: disk calls, and hashing and compressing what they read and write.
///
/// The cooperative pool and the event loops never wait for a disk.
final class BlockingPool: Sendable {
  let threadCount: Int
  private let pool: NIOThreadPool

  init(threadCount: Int) {
    self.threadCount = threadCount
    pool = NIOThreadPool(numberOfThreads: threadCount)
    pool.start()
  }

  // Joins the threads elsewhere: the last reference may go on one of them.
  deinit { pool.shutdownGracefully { _ in } }

  /// Runs `body` on a thread of the pool.
  /// - Throws: what `body` throws; `CancellationError` when the task was cancelled before it began.
  func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await pool.runIfActive(body)
  }
}
