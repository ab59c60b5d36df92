// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import EventStore

/// The grouping alone, with a drain that commits when the test says so.
struct GroupCommitTests {
  private let drain = SteppedDrain()

  private func append(_ group: GroupCommit) -> Task<AppendResult, any Error> {
    Task { try await group.append(AppendPlanTests.append(.any, AppendPlanTests.event())) }
  }

  @Test func whatArrivesWhileACommitIsUnderWayIsTheNextBatch() async throws {
    let group = drain.group()
    let first = append(group)
    #expect(await drain.batch() == 1)
    let later = (0..<5).map { _ in append(group) }
    while group.waitingCount < 5 { await Task.yield() }
    drain.commit()
    #expect(try await first.value.first == Position(1))
    #expect(await drain.batch() == 5)
    drain.commit()
    let positions = try await withThrowingTaskGroup { tasks in
      for task in later { tasks.addTask { try await task.value.first } }
      return try await tasks.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(positions == Set((2...6).map { Position($0) }))
    group.close()
  }

  @Test func onlyACrowdGoesBeforeTheLastBatchIsTold() async throws {
    let group = drain.group()
    let first = append(group)
    #expect(await drain.batch() == 1)
    var later = (1..<GroupCommit.crowd).map { _ in append(group) }
    while group.waitingCount < GroupCommit.crowd - 1 { await Task.yield() }
    #expect(group.nextCrowd()?.count == nil)
    later.append(append(group))
    while group.waitingCount < GroupCommit.crowd { await Task.yield() }
    let crowd = try #require(group.nextCrowd())
    #expect(crowd.count == GroupCommit.crowd)
    for entry in crowd { entry.waiter.resume(throwing: CancellationError()) }
    for task in later { await #expect(throws: CancellationError.self) { try await task.value } }
    drain.commit()
    _ = try await first.value
    group.close()
  }

  @Test func anAppendThatWaitsCanBeCancelled() async throws {
    let group = drain.group()
    let first = append(group)
    #expect(await drain.batch() == 1)
    let cancelled = append(group)
    let kept = append(group)
    while group.waitingCount < 2 { await Task.yield() }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    drain.commit()
    #expect(await drain.batch() == 1)
    drain.commit()
    _ = try await (first.value, kept.value)
    group.close()
  }

  @Test func anAppendThatIsUnderWayIsFinishedInSpiteOfCancellation() async throws {
    let group = drain.group()
    let appending = append(group)
    #expect(await drain.batch() == 1)
    appending.cancel()
    drain.commit()
    #expect(try await appending.value.first == Position(1))
    group.close()
  }

  @Test func closingEndsTheDrainAfterWhatHasCome() async throws {
    let group = drain.group()
    let appending = append(group)
    #expect(await drain.batch() == 1)
    group.close()
    drain.commit()
    _ = try await appending.value
    await drain.ended()
  }
}

/// Takes batches, tells of them, and answers when it is told to.
private final class SteppedDrain: Sendable {
  private let batches = AsyncStream.makeStream(of: Int.self)
  private let commits = AsyncStream.makeStream(of: Void.self)
  private let end = AsyncStream.makeStream(of: Void.self)

  func group() -> GroupCommit {
    GroupCommit(batchLimit: 500) { group in
      var position: Int64 = 0
      var commits = self.commits.stream.makeAsyncIterator()
      while let entries = await group.nextBatch() {
        self.batches.continuation.yield(entries.count)
        await commits.next()
        for entry in entries {
          position += 1
          entry.waiter.resume(
            returning: AppendResult(first: Position(position), last: Position(position), versions: [:]))
        }
      }
      self.end.continuation.finish()
    }
  }

  /// How many appends the next batch has.
  func batch() async -> Int? {
    for await count in batches.stream { return count }
    return nil
  }

  func commit() { commits.continuation.yield() }

  func ended() async { for await _ in end.stream {} }
}
