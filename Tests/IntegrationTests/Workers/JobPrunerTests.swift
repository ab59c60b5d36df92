// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import Projections
import TestSupport
import Testing

@testable import Jobs

/// Finished jobs are listed for so long and no longer.
struct JobPrunerTests {
  private static let day: TimeInterval = 86_400

  /// Queues jobs and has them end; nil leaves one open.
  private func queue(_ ends: [(any DomainEvent)?], ids: [UUID], _ log: any EventLog) async throws {
    for (id, end) in zip(ids, ends) {
      let stream = StreamName(category: "job", id: id)
      let queued = JobQueued(jobId: id, kind: .sweep, jobClass: .bulk)
      _ = try await log.append(to: stream, expected: .noStream, [NewEvent(queued, id: id)])
      if let end { _ = try await log.append(to: stream, expected: .any, [NewEvent(end)]) }
    }
  }

  @Test func forgetsWhatCameToAnEndLongAgoInPartsAndKeepsDeadLettersAndOpenJobs() async throws {
    try await AccountsFixture.with { fixture in
      try await fixture.following {
        let ids = (0..<9).map { _ in UUID.v7() }
        let completed = ids.prefix(5).map { JobCompleted(jobId: $0, kind: .sweep, counts: [:]) as (any DomainEvent)? }
        let others: [(any DomainEvent)?] = [
          JobCancelled(jobId: ids[5], kind: .sweep),
          JobDeadLettered(
            jobId: ids[6], kind: .sweep, fileId: nil, attempts: 1, reason: "broken", fingerprint: "sweep:x"), nil,
          JobDiscarded(jobId: ids[8], kind: .sweep),
        ]
        try await queue(completed + others, ids: ids, fixture.log)
        try await waitForReadTables(fixture)
        let jobs = JobViews(pool: fixture.pool)
        let pruner = JobPruner(
          log: fixture.log, clock: LogClock(pool: fixture.pool), jobs: jobs, retention: .seconds(30 * Self.day), step: 3
        )
        #expect(try await pruner.apply() == 0)
        let later = Date(timeIntervalSinceNow: 31 * Self.day)
        #expect(try await pruner.apply(now: later) == 7)
        try await waitForReadTables(fixture)
        #expect(try await Set(jobs.list(JobFilter()).items.map(\.id)) == [ids[6], ids[7]])
        let counts = try await jobs.installation()
        #expect((counts.succeeded, counts.cancelled, counts.discarded, counts.dead, counts.queued) == (0, 0, 0, 1, 1))
        // Said once: nothing is due any more.
        #expect(try await pruner.apply(now: later) == 0)
        let said = try await fixture.log.read(stream: JobPruner.stream, after: 0, limit: 10)
        #expect(try said.map { try $0.decode(QueuePruned.self).jobs } == [3, 3, 1])
      }
    }
  }

  private func waitForReadTables(_ fixture: AccountsFixture) async throws {
    try await ProjectionPositions(pool: fixture.pool).wait(
      for: ProjectionCatalog.names, toReach: fixture.log.head(), timeout: .seconds(60))
  }
}
