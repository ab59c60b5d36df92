// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Redis
import Testing

@testable import Workers

/// What follows from events, as words for the script that takes it to its place.
struct JobRelayTests {
  let log = MemoryEventLog()
  let owner = UUID.v7()

  func words(_ events: any DomainEvent...) async throws -> [RedisArgument] {
    for event in events {
      let category = String(type(of: event).eventType.prefix { $0 != "." })
      _ = try await log.append(
        to: StreamName(category: category, id: .v7()), expected: .noStream, [try newEvent(event)])
    }
    let relay = JobRelay(log: log) { .start }
    return relay.words(following: try await log.read(after: .start, limit: 100))
  }

  private func newEvent<Event: DomainEvent>(_ event: Event) throws -> NewEvent { try NewEvent(event, owner: owner) }

  func uploaded(_ jobClass: JobClass, size: Int64 = 1) -> FileUploaded {
    FileUploaded(
      fileId: .v7(), path: "a", digest: Digest(bytes: Array(repeating: 1, count: 32)), size: size, contentType: nil,
      jobClass: jobClass)
  }

  @Test func uploadsWaitInTheLanesOfTheirOwners() async throws {
    #expect(
      try await words(uploaded(.bulk), uploaded(.bulk, size: 5 << 20), uploaded(.interactive)) == [
        "lane", "bulk", "analyze", .string(owner.text), 2, "1 1", "2 6",
        "lane", "interactive", "analyze", .string(owner.text), 1, "3 1",
      ])
  }

  @Test func nothingFollowsFromMostEvents() async throws {
    let file = UUID.v7()
    #expect(
      try await words(FileTrashed(fileId: file, reason: .deleted), JobDiscarded(jobId: file, kind: .analyze)) == [])
  }

  @Test func jobForLaterIsDelayed() async throws {
    let due = Date(timeIntervalSinceNow: 60).millisecondsSince1970
    #expect(
      try await words(JobQueued(jobId: .v7(), kind: .probe, jobClass: .admin, runAt: due, cost: 4))
        == ["delay", RedisArgument(due), .string("admin probe \(owner.text) 1 4")])
  }

  @Test func cancelledJobIsNamed() async throws {
    let id = UUID.v7()
    let words = try await words(JobCancelled(jobId: id, kind: .analyze))
    #expect(words.prefix(2) == ["cancel", .string(id.text)])
  }

  @Test func pausesAndLimitsCarryTheirPosition() async throws {
    #expect(
      try await words(
        QueuePaused(scope: .kind, value: "analyze"), QueueResumed(scope: .kind, value: "analyze"),
        QueueLimited(scope: .tenant, value: "x", concurrency: 4, weight: 2)) == [
          "pause", "1", "kind:analyze", "1", "pause", "2", "kind:analyze", "", "limit", "3", "tenant:x", "4", "", "2",
        ])
  }

  @Test func eventThatCannotBeReadQueuesNothing() async throws {
    let event = NewEvent(type: "job.queued", schemaVersion: 9, payload: Array("{}".utf8))
    _ = try await log.append(to: StreamName(category: "job", id: .v7()), expected: .noStream, [event])
    #expect(JobRelay(log: log) { .start }.words(following: try await log.read(after: .start, limit: 1)) == [])
  }
}
