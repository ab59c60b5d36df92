// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import TestSupport
import Testing

@testable import Workers

struct SchedulerTests {
  let log = MemoryEventLog()

  @Test func slotsAreCountedFromTheOffset() {
    let schedule = Schedule(.sweep, jobClass: .bulk, every: .seconds(60), offset: .seconds(5))
    #expect(schedule.slot(at: Date(timeIntervalSince1970: 5)) == 0)
    #expect(schedule.slot(at: Date(timeIntervalSince1970: 64.9)) == 0)
    #expect(schedule.slot(at: Date(timeIntervalSince1970: 65)) == 1)
    #expect(schedule.slot(at: Date(timeIntervalSince1970: 4)) == -1)
    #expect(schedule.start(ofSlot: 2) == Date(timeIntervalSince1970: 125))
  }

  @Test func everySchedulerAsksForTheSameJob() {
    let schedule = Schedule(.sweep, jobClass: .bulk, every: .seconds(60))
    #expect(schedule.request(forSlot: 7).id == schedule.request(forSlot: 7).id)
    #expect(schedule.request(forSlot: 7).id != schedule.request(forSlot: 8).id)
    let other = Schedule(.reclaim, jobClass: .bulk, every: .seconds(60))
    #expect(schedule.request(forSlot: 7).id != other.request(forSlot: 7).id)
  }

  @Test func slotInWhichNothingIsDueHasNoJob() async throws {
    let schedule = Schedule(.sweep, jobClass: .bulk, every: .seconds(60)) { false }
    #expect(try await Scheduler(log: log, schedules: [schedule]).queue(schedule, slot: 1) == nil)
    #expect(try await log.head() == .start)
  }

  @Test func slotIsLeftOutWhileTheJobBeforeIsUnfinished() async throws {
    let schedule = Schedule(.sweep, jobClass: .bulk, every: .seconds(60))
    let scheduler = Scheduler(log: log, schedules: [schedule])
    let first = try #require(try await scheduler.queue(schedule, slot: 1))
    #expect(try await scheduler.queue(schedule, slot: 2) == .existing(first.id))
    try await finish(first.id)
    guard case .queued? = try await scheduler.queue(schedule, slot: 3) else {
      return #expect(Bool(false), "the next slot has its job")
    }
  }

  /// Schedulers whose steps fall between one another's in every order, while workers end jobs.
  @Test(arguments: 0..<40)
  func anyNumberOfSchedulersQueueASlotOnce(number: Int) async throws {
    var random = SeededGenerator(seed: UInt64(number))
    let log = YieldingLog(base: MemoryEventLog())
    let schedule = Schedule(.sweep, jobClass: .bulk, every: .seconds(60))
    let schedulers = Int.random(in: 2...6, using: &random)
    await withTaskGroup { group in
      for scheduler in 0..<schedulers {
        let late = Int64(scheduler % 3)
        group.addTask {
          let scheduler = Scheduler(log: log, schedules: [schedule])
          // Some are behind, and ask for slots that others have passed.
          for slot in 0..<20 as Range<Int64> { _ = try? await scheduler.queue(schedule, slot: max(0, slot - late)) }
        }
      }
      group.addTask {
        for _ in 0..<200 {
          for event in (try? await log.read(after: .start, limit: 1000, filter: .types([JobQueued.eventType]))) ?? [] {
            try? await finish(event.id, in: log)
          }
          await Task.yield()
        }
      }
    }
    let events = try await log.read(after: .start, limit: 10_000)
    var slots: Set<String> = []
    var open: Set<UUID> = []
    for event in events {
      switch event.type {
      case JobQueued.eventType:
        let job = try event.decode(JobQueued.self)
        #expect(slots.insert(try #require(job.arguments?["slot"])).inserted, "seed \(number): one job for each slot")
        #expect(open.isEmpty, "seed \(number): no job while another is unfinished")
        open.insert(job.jobId)
      case JobCompleted.eventType: open.remove(try event.decode(JobCompleted.self).jobId)
      default: break
      }
    }
    #expect(!slots.isEmpty)
  }

  private func finish(_ job: UUID) async throws { try await finish(job, in: log) }

  private func finish(_ job: UUID, in log: any EventLog) async throws {
    _ = try await log.append(
      to: OpenJob.stream(of: job), expected: .exactly(1), [NewEvent(JobCompleted(jobId: job, kind: .sweep))])
  }
}

/// A log whose callers lose the processor before and after each call.
private struct YieldingLog: EventLog {
  let base: MemoryEventLog

  private func yield() async {
    for _ in 0..<Int.random(in: 0...5) { await Task.yield() }
  }

  func append(_ appends: [StreamAppend]) async throws -> AppendResult {
    await yield()
    let result = try await base.append(appends)
    await yield()
    return result
  }

  func page(after position: Position, limit: Int, filter: EventFilter) async throws -> EventPage {
    try await base.page(after: position, limit: limit, filter: filter)
  }

  func read(stream: StreamName, after version: Int64, limit: Int) async throws -> [RecordedEvent] {
    try await base.read(stream: stream, after: version, limit: limit)
  }

  func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent] {
    await yield()
    let last = try await base.lastEvents(of: streams)
    await yield()
    return last
  }

  func head() async throws -> Position { try await base.head() }
  func wait(past position: Position, timeout: Duration) async { await base.wait(past: position, timeout: timeout) }
  func subscribe(after position: Position, filter: EventFilter) -> EventSubscription {
    base.subscribe(after: position, filter: filter)
  }
}
