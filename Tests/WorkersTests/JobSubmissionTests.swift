// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Testing

@testable import Workers

struct JobSubmissionTests {
  let log = MemoryEventLog()
  var submission: JobSubmission { JobSubmission(log: log) }

  func request(_ uniqueness: Uniqueness? = nil) -> JobRequest {
    JobRequest(kind: .probe, jobClass: .admin, uniqueness: uniqueness)
  }

  func tell(_ event: some DomainEvent, of job: UUID) async throws {
    _ = try await log.append(to: OpenJob.stream(of: job), expected: .any, [NewEvent(event)])
  }

  @Test func requestSentTwiceQueuesOneJob() async throws {
    let request = request()
    let first = try await submission.submit(request)
    #expect(try await submission.submit(request).id == first.id)
    #expect(try await log.read(after: .start, limit: 10).map(\.type) == ["job.queued"])
    #expect(try await log.read(after: .start, limit: 10).map(\.id) == [request.id])
  }

  @Test func jobThatHoldsTheKeyStandsForTheNext() async throws {
    let first = try await submission.submit(request(Uniqueness("k")))
    #expect(try await submission.submit(request(Uniqueness("k"))) == .existing(first.id))
    guard case .queued = try await submission.submit(request(Uniqueness("other"))) else {
      return #expect(Bool(false), "another key is free")
    }
    try await tell(
      JobFailed(jobId: first.id, kind: .probe, fileId: nil, attempt: 1, reason: "", retryAt: 0), of: first.id)
    #expect(try await submission.submit(request(Uniqueness("k"))) == .existing(first.id), "it is tried again")
    try await tell(JobCompleted(jobId: first.id, kind: .probe), of: first.id)
    guard case .queued = try await submission.submit(request(Uniqueness("k"))) else {
      return #expect(Bool(false), "the key is free again")
    }
  }

  @Test func statesAreNamedByWhoAsks() async throws {
    let first = try await submission.submit(request(Uniqueness("k")))
    try await tell(JobCompleted(jobId: first.id, kind: .probe), of: first.id)
    let ever = Uniqueness("k", states: Set(JobDecider.State.allCases))
    #expect(try await submission.submit(request(ever)) == .existing(first.id))
  }

  @Test func ofManyWhoAskAtOnceOneIsQueued() async throws {
    let outcomes = await withTaskGroup { group in
      for _ in 0..<50 {
        group.addTask { try? await submission.submit(request(Uniqueness("k"))) }
      }
      return await group.reduce(into: [JobSubmission.Outcome?]()) { $0.append($1) }
    }
    let queued = outcomes.compactMap { outcome in if case .queued(let id, _)? = outcome { id } else { nil } }
    #expect(queued.count == 1)
    #expect(outcomes.allSatisfy { $0?.id == queued.first })
  }
}
