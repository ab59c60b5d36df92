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

  /// Runs `body` on a thread of the pool; here, when there is none because `body` never blocks.
  static func run<Result: Sendable>(
    on pool: BlockingPool?, _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    if let pool { try await pool.run(body) } else { try body() }
  }

  /// Applies `body` to each element, side by side, with no more hops than there are threads.
  func each<Element: Sendable, Output: Sendable>(
    _ elements: [Element], _ body: @escaping @Sendable (Element) throws -> Output
  ) async -> [Result<Output, any Error>] {
    let laneCount = min(threadCount, elements.count)
    return await withTaskGroup(of: [(Int, Result<Output, any Error>)].self) { group in
      for lane in 0..<laneCount {
        group.addTask {
          let indices = stride(from: lane, to: elements.count, by: laneCount)
          do {
            return try await self.run { indices.map { index in (index, Result { try body(elements[index]) }) } }
          } catch {
            return indices.map { ($0, .failure(error)) }
          }
        }
      }
      var results = [Result<Output, any Error>](repeating: .failure(CancellationError()), count: elements.count)
      for await lane in group {
        for (index, result) in lane { results[index] = result }
      }
      return results
    }
  }
}
