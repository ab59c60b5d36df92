// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Workers

struct JobLedgerTests {
  let material = Material()
  var ledger: JobLedger { JobLedger(log: material.log) }

  func standing(of entry: JobEntry, now: Date = Date()) async throws -> JobLedger.Standing? {
    try await ledger.standings(of: [entry], now: now)[entry.id]
  }

  @Test func newJobIsOpenForItsFirstAttempt() async throws {
    let entry = try await material.upload("a")
    guard case .open(let job) = try await standing(of: entry) else { return #expect(Bool(false), "should be open") }
    #expect(job.version == 0 && job.attempt == 1)
    #expect(job.cause.id == entry.id)
  }

  @Test func failedJobRestsUntilItIsDueAndThenHasItsNextAttempt() async throws {
    let entry = try await material.upload("a")
    let job = try #require(try await material.open(entry).first)
    let due = Date(timeIntervalSinceNow: 60)
    try await ledger.fail(job, JobFailure(.retry, code: "c", reason: "r"), retryAt: due)
    guard case .resting(let until) = try await standing(of: entry) else { return #expect(Bool(false), "should rest") }
    #expect(abs(until.timeIntervalSince(due)) < 0.01)
    guard case .open(let next) = try await standing(of: entry, now: due.addingTimeInterval(1)) else {
      return #expect(Bool(false), "should be open")
    }
    #expect(next.version == 1 && next.attempt == 2)
  }

  @Test func deadLetterIsFinishedAndKeepsItsReason() async throws {
    let entry = try await material.upload("a")
    let job = try #require(try await material.open(entry).first)
    try await ledger.bury(job, JobFailure(.bury, code: "blob.damaged", reason: "damaged"))
    #expect(try await standing(of: entry) == .finished)
    let last = try await material.log.lastEvents(of: [OpenJob.stream(of: entry.id)]).values.first
    let event = try #require(last).decode(JobDeadLettered.self)
    #expect(event.reason == "damaged" && event.attempts == 1 && event.fingerprint == "analyze:blob.damaged")
  }

  @Test func workerWithAnOldVersionIsRefused() async throws {
    let entry = try await material.upload("a")
    let job = try #require(try await material.open(entry).first)
    try await ledger.bury(job, JobFailure(.bury, code: "c", reason: "first"))
    let refusal = await #expect(throws: JobFailure.self) {
      try await ledger.fail(job, JobFailure(.retry, code: "c", reason: "late"), retryAt: Date())
    }
    #expect(refusal?.remedy == .stale)
  }

  @Test func jobOfAnotherLogIsUnknown() async throws {
    var entry = try await material.upload("a")
    entry.id = .v7()
    #expect(try await standing(of: entry) == .unknown)
    entry = try await material.upload("b")
    entry.position = Position(99)
    #expect(try await standing(of: entry) == .unknown)
  }
}
