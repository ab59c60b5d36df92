// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Workers

struct JobLedgerTests {
  let material = Material()
  var ledger: JobLedger { JobLedger(log: material.log, worker: "one") }

  func standing(of entry: JobEntry, now: Date = Date()) async throws -> JobLedger.Standing? {
    try await ledger.standings(of: [entry], now: now)[entry.position]
  }

  func open(_ entry: JobEntry, now: Date = Date()) async throws -> OpenJob {
    guard case .open(let job) = try await standing(of: entry, now: now) else { throw NotOpen() }
    return job
  }

  struct NotOpen: Error {}

  @discardableResult
  func tell(_ event: some DomainEvent, job: UUID) async throws -> Position {
    try await material.log.append(
      to: OpenJob.stream(of: job), expected: .any, [try NewEvent(event, owner: material.owner)]
    ).last
  }

  @Test func newJobIsOpenForItsFirstAttempt() async throws {
    let upload = try await material.upload("a")
    let job = try await open(upload.entry)
    #expect(job.version == 0 && job.attempt == 1)
    #expect(job.cause.id == upload.id && job.id == upload.id && job.fileId == upload.fileId)
  }

  @Test func failedJobRestsUntilItIsDueAndThenHasItsNextAttempt() async throws {
    let entry = try await material.upload("a").entry
    let job = try await open(entry)
    let due = Date(timeIntervalSinceNow: 60)
    try await ledger.fail(job, JobFailure(.retry, code: "c", reason: "r"), retryAt: due)
    guard case .resting(let until) = try await standing(of: entry) else { return #expect(Bool(false), "should rest") }
    #expect(abs(until.timeIntervalSince(due)) < 0.01)
    let next = try await open(entry, now: due.addingTimeInterval(1))
    #expect(next.version == 1 && next.attempt == 2)
    #expect(abs(next.since.timeIntervalSince(job.since)) < 0.01, "its age goes on")
    let events = try await material.log.read(stream: OpenJob.stream(of: job.id), after: 0, limit: 10)
    let failed = try #require(events.first).decode(JobFailed.self)
    #expect(failed.code == "c" && failed.worker == "one")
  }

  @Test func deadLetterIsFinishedAndKeepsItsReason() async throws {
    let upload = try await material.upload("a")
    try await ledger.bury(open(upload.entry), JobFailure(.bury, code: "blob.damaged", reason: "damaged"))
    #expect(try await standing(of: upload.entry) == .finished)
    let last = try await material.log.lastEvents(of: [OpenJob.stream(of: upload.id)]).values.first
    let event = try #require(last).decode(JobDeadLettered.self)
    #expect(event.reason == "damaged" && event.attempts == 1 && event.fingerprint == "analyze:blob.damaged")
  }

  @Test func requeuedDeadLetterBeginsAgainAndKnowsItsCause() async throws {
    let upload = try await material.upload("a")
    try await ledger.bury(open(upload.entry), JobFailure(.bury, code: "c", reason: "r"))
    let requeued = JobRequeued(
      jobId: upload.id, kind: .analyze, jobClass: .interactive, fileId: upload.fileId,
      causePosition: upload.position.rawValue)
    let position = try await tell(requeued, job: upload.id)
    let entry = JobEntry(position: position, kind: .analyze, jobClass: .interactive, owner: material.owner)
    let job = try await open(entry)
    #expect(job.version == 2 && job.attempt == 1 && job.cause.id == upload.id && job.fileId == upload.fileId)
    // It can fail like the first time: what tells of it has an id of its own.
    try await ledger.bury(job, JobFailure(.bury, code: "c", reason: "r"))
    #expect(try await standing(of: entry) == .finished)
    let events = try await material.log.read(stream: OpenJob.stream(of: upload.id), after: 0, limit: 10)
    #expect(events.map(\.type) == ["job.deadLettered", "job.requeued", "job.deadLettered"])
  }

  @Test func cancelledAndDiscardedJobsAreFinished() async throws {
    let cancelled = try await material.upload("a"), discarded = try await material.upload("b")
    try await tell(JobCancelled(jobId: cancelled.id, kind: .analyze), job: cancelled.id)
    try await ledger.bury(open(discarded.entry), JobFailure(.bury, code: "c", reason: "r"))
    try await tell(JobDiscarded(jobId: discarded.id, kind: .analyze), job: discarded.id)
    #expect(try await standing(of: cancelled.entry) == .finished)
    #expect(try await standing(of: discarded.entry) == .finished)
  }

  @Test func jobForLaterRestsUntilThen() async throws {
    let id = UUID.v7()
    let due = Date(timeIntervalSinceNow: 3600)
    let position = try await tell(
      JobQueued(jobId: id, kind: .probe, jobClass: .admin, runAt: due.millisecondsSince1970), job: id)
    let entry = JobEntry(position: position, kind: .probe, jobClass: .admin, owner: material.owner)
    guard case .resting = try await standing(of: entry) else { return #expect(Bool(false), "should rest") }
    #expect(try await open(entry, now: due.addingTimeInterval(1)).version == 1)
  }

  @Test func workerWithAnOldVersionIsRefused() async throws {
    let job = try await open(material.upload("a").entry)
    try await ledger.bury(job, JobFailure(.bury, code: "c", reason: "first"))
    let refusal = await #expect(throws: JobFailure.self) {
      try await ledger.fail(job, JobFailure(.retry, code: "c", reason: "late"), retryAt: Date())
    }
    #expect(refusal?.remedy == .stale)
  }

  @Test func jobOfAnotherLogIsUnknown() async throws {
    var entry = try await material.upload("a").entry
    entry.owner = .v7()
    #expect(try await standing(of: entry) == .unknown)
    entry = try await material.upload("b").entry
    entry.position = Position(99)
    #expect(try await standing(of: entry) == .unknown)
  }

  @Test func eventOfANewerProgramLeavesTheJobToIt() async throws {
    let upload = try await material.upload("a")
    let event = NewEvent(type: "job.dreamt", schemaVersion: 1, payload: Array("{}".utf8))
    _ = try await material.log.append(to: OpenJob.stream(of: upload.id), expected: .any, [event])
    guard case .resting = try await standing(of: upload.entry) else { return #expect(Bool(false), "should rest") }
  }
}
