// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Postgres
import Testing

@testable import Projections

/// Each view against the model of a generated history, or by hand where a situation must be seen.
struct ViewTests {
  struct Files {
    @Test func partsOfAListMakeTheWholeForEveryStateAndPrefix() async throws {
      try await withViews(seed: 31) { pool, model, owners in
        let views = FileViews(pool: pool)
        for owner in owners + [UUID()] {
          for state in [FileItem.State.live, .trashed, nil] {
            for prefix in ["", "folder/", "folder/1", "folder/10 ü,\"", "nothing"] {
              let expected = model.files
                .filter { _, file in
                  file.owner == owner && file.path.utf8.starts(with: prefix.utf8)
                    && (state == nil || (state == .trashed) == (file.trashedAt != nil))
                }
                .sorted { ($0.value.path, $0.value.position) < ($1.value.path, $1.value.position) }
              for limit in [1, 3, 500] {
                let found = try await collect { after in
                  try await views.list(owner: owner, state: state, prefix: prefix, limit: limit, after: after)
                }
                #expect(found.map(\.id) == expected.map(\.key))
              }
            }
          }
        }
      }
    }

    @Test func aFileIsFoundByItsOwnerAlone() async throws {
      try await withViews(seed: 32) { pool, model, owners in
        let views = FileViews(pool: pool)
        let (id, file) = try #require(model.files.first)
        let found = try #require(try await views.file(id, owner: file.owner))
        #expect(found.path == file.path)
        #expect(found.digest == file.digest)
        #expect(found.size == file.size)
        #expect(found.position == file.position)
        #expect(found.settled == file.isSettled)
        #expect(try await views.file(id) == found)
        for owner in owners where owner != file.owner { #expect(try await views.file(id, owner: owner) == nil) }
        #expect(try await views.file(UUID(), owner: file.owner) == nil)
      }
    }

    @Test func theLiveFileOfAPathIsFoundAmongItsTrashedOnes() async throws {
      try await withViews(seed: 33) { pool, model, owners in
        let views = FileViews(pool: pool)
        for file in model.files.values {
          let live = model.files.first { $1.owner == file.owner && $1.path == file.path && $1.trashedAt == nil }
          let found = try await views.liveFile(owner: file.owner, path: file.path)
          #expect(found?.id == live?.key)
        }
      }
    }

    @Test func theOriginalIsTheEarliestFileThatIsStillThere() async throws {
      try await withViews(seed: 34) { pool, model, owners in
        let views = FileViews(pool: pool)
        for file in model.files.values {
          let earlier = model.files.filter {
            $1.owner == file.owner && $1.digest == file.digest && $1.position < file.position
          }
          let original = try await views.original(owner: file.owner, digest: file.digest, before: file.position)
          #expect(original?.id == earlier.min { $0.value.position < $1.value.position }?.key)
        }
      }
    }
  }

  struct Duplicates {
    @Test func groupsComeWithTheMostToWinFirst() async throws {
      try await withViews(seed: 35, steps: 800) { pool, model, owners in
        let views = DuplicateViews(pool: pool)
        var groupsSeen = 0
        for owner in owners {
          let expected = model.groups.compactMap { id, group -> (id: UUID, size: Int64, files: [UUID])? in
            let members = model.files.filter {
              $1.owner == owner && group.owner == owner && $1.digest == group.digest && $1.trashedAt == nil
            }
            .sorted { $0.value.position < $1.value.position }
            return members.count >= 2 ? (id, group.size, members.map(\.key)) : nil
          }
          func reclaimable(_ group: (id: UUID, size: Int64, files: [UUID])) -> Int64 {
            Int64(group.files.count - 1) * group.size
          }
          let sorted = expected.sorted { (-reclaimable($0), $0.id.text) < (-reclaimable($1), $1.id.text) }
          for limit in [1, 2, 100] {
            let found = try await collect { after in
              try await views.list(owner: owner, limit: limit, after: after, files: 3)
            }
            #expect(found.map(\.id) == sorted.map(\.id))
            #expect(found.map(\.reclaimableBytes) == sorted.map(reclaimable))
            #expect(found.map { $0.files.map(\.id) } == sorted.map { Array($0.files.prefix(3)) })
          }
          for group in sorted {
            let found = try await views.group(group.id, owner: owner, files: 100)
            #expect(found?.files.map(\.id) == group.files)
            #expect(try await views.group(group.id, owner: UUID()) == nil)
          }
          let totals = try await views.totals(owner: owner)
          #expect(totals.groups == Int64(sorted.count))
          #expect(totals.copies == Int64(sorted.reduce(0) { $0 + $1.files.count }))
          #expect(totals.reclaimableBytes == sorted.reduce(0) { $0 + reclaimable($1) })
          groupsSeen += sorted.count
        }
        #expect(groupsSeen >= 3)
      }
    }

    @Test func aGroupIsShownOnceMatchedAndWhileItHasTwoLiveCopies() async throws {
      try await withPool { pool in
        let log = MemoryEventLog()
        let uploads = Uploads(log: log)
        let views = DuplicateViews(pool: pool)
        let (first, second) = (UUID.v7(), UUID.v7())
        let group = DuplicateMatched.groupId(owner: uploads.owner, digest: GeneratedHistory.digest(3))
        func isShown() async throws -> Bool {
          try await fold(log, pool)
          return try await views.group(group, owner: uploads.owner) != nil
        }
        try await uploads.upload("a", content: 3, id: first)
        try await uploads.upload("b", content: 3, id: second)
        #expect(try await !isShown())
        try await uploads.match(second, with: first, content: 3)
        #expect(try await isShown())
        try await uploads.trash(first)
        #expect(try await !isShown())
        try await uploads.append("file", first.text, FileRestored(fileId: first))
        #expect(try await isShown())
        let removed = FileRemoved(fileId: second, digest: GeneratedHistory.digest(3), size: GeneratedHistory.size(3))
        try await uploads.append("file", second.text, removed)
        #expect(try await !isShown())
      }
    }
  }

  struct Sums {
    @Test func savingsAddUp() async throws {
      try await withViews(seed: 36) { pool, model, owners in
        let views = SavingsViews(pool: pool)
        let head = try await CheckpointViews(pool: pool).checkpoint("savings")?.position
        for owner in owners {
          let files = model.files.values.filter { $0.owner == owner }
          let unique = Dictionary(files.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
          let savings = try await views.savings(owner: owner)
          #expect(savings.files == Int64(files.count))
          #expect(savings.logicalBytes == files.reduce(0) { $0 + $1.size })
          #expect(savings.uniqueBytes == unique.values.reduce(0, +))
          #expect(savings.savedByDuplicates + savings.savedByCompression == savings.logicalBytes - savings.storedBytes)
          #expect(savings.position == head)
        }
        let contents = Dictionary(
          model.files.values.map { ($0.digest, $0.size) }, uniquingKeysWith: { first, _ in first })
        #expect(try await views.installation().uniqueBytes == contents.values.reduce(0, +))
        #expect(try await views.savings(owner: UUID()).files == 0)
      }
    }

    /// Two owners with one content: what one sees does not change when the other's job settles it.
    @Test func anotherOwnersWorkDoesNotShow() async throws {
      try await withPool { pool in
        let log = MemoryEventLog()
        let (mine, theirs) = (Uploads(log: log), Uploads(log: log))
        let (file, job, other, otherJob) = (UUID.v7(), UUID.v7(), UUID.v7(), UUID.v7())
        try await theirs.upload("x", content: 5, id: other, job: otherJob)
        try await theirs.succeed(otherJob, file: other, content: 5)
        try await fold(log, pool)
        let installation = try await SavingsViews(pool: pool).installation()

        try await mine.upload("x", content: 5, id: file, job: job)
        try await fold(log, pool)
        let size = GeneratedHistory.size(5)
        var savings = try await SavingsViews(pool: pool).savings(owner: mine.owner)
        #expect(savings.storedBytes == size)
        #expect(try await FileViews(pool: pool).file(file)?.settled == false)
        #expect(try await SavingsViews(pool: pool).installation().uniqueBytes == installation.uniqueBytes)

        try await mine.succeed(job, file: file, content: 5)
        try await fold(log, pool)
        savings = try await SavingsViews(pool: pool).savings(owner: mine.owner)
        #expect(savings.storedBytes == size / 3)
        #expect(try await FileViews(pool: pool).file(file)?.settled == true)
      }
    }
  }

  struct Jobs {
    @Test func jobsComeNewestFirstWithTheirCounts() async throws {
      try await withViews(seed: 37) { pool, model, owners in
        let views = JobViews(pool: pool)
        for owner in owners {
          for state in JobItem.State.allCases.map(Optional.some) + [nil] {
            let expected = model.jobs
              .filter { $1.owner == owner && (state == nil || $1.state == state?.rawValue) }
              .sorted { $0.value.queuePosition > $1.value.queuePosition }
            for limit in [1, 4, 500] {
              let found = try await collect {
                try await views.list(owner: owner, state: state, limit: limit, after: $0)
              }
              #expect(found.map(\.id) == expected.map(\.key))
            }
          }
          let states = model.jobs.values.filter { $0.owner == owner }.map(\.state)
          let counts = try await views.counts(owner: owner).counts
          #expect(counts.queued == Int64(states.count { $0 == "queued" }))
          #expect(counts.dead == Int64(states.count { $0 == "dead" }))
        }
        let (id, job) = try #require(model.jobs.first)
        #expect(try await views.job(id, owner: job.owner)?.path == job.path)
        #expect(try await views.job(id, owner: UUID()) == nil)
      }
    }

    @Test func theRelayResumesBeforeTheOldestOpenJob() async throws {
      try await withPool { pool in
        let log = MemoryEventLog()
        let uploads = Uploads(log: log)
        let views = JobViews(pool: pool)
        #expect(try await views.oldestOpenJob() == nil)
        #expect(try await views.resumePosition() == .start)
        let jobs = (0..<3).map { _ in (job: UUID.v7(), file: UUID.v7()) }
        for (index, job) in jobs.enumerated() {
          try await uploads.upload("\(index)", content: index, id: job.file, job: job.job)
        }
        try await fold(log, pool)
        #expect(try await views.resumePosition() == .start)
        try await uploads.succeed(jobs[0].job, file: jobs[0].file, content: 0)
        let failed = JobFailed(
          jobId: jobs[1].job, kind: .analyze, fileId: jobs[1].file, attempt: 1, reason: "busy", retryAt: 0)
        try await uploads.append("job", jobs[1].job.text, failed)
        try await fold(log, pool)
        // The second one waits for its next attempt: that is open too.
        #expect(try await views.oldestOpenJob() == Position(2))
        #expect(try await views.resumePosition() == Position(1))
        for (index, job) in jobs.enumerated().dropFirst() {
          try await uploads.succeed(job.job, file: job.file, content: index)
        }
        try await fold(log, pool)
        #expect(try await views.oldestOpenJob() == nil)
        #expect(try await views.resumePosition() == (try await log.head()))
      }
    }
  }

  struct Queues {
    @Test func queuesBatchesAndDeadGroupsAddUp() async throws {
      try await withViews(seed: 39, steps: 400) { pool, model, owners in
        let views = JobViews(pool: pool)
        let queues = try await views.queues()
        for queue in queues {
          let jobs = model.jobs.values.filter { $0.jobClass == queue.jobClass && $0.kind == queue.kind }
          #expect(queue.counts.queued == Int64(jobs.count { $0.state == "queued" }))
          #expect(queue.counts.discarded == Int64(jobs.count { $0.state == "discarded" }))
          let oldest = jobs.filter { $0.state == "queued" }.min { $0.queuePosition < $1.queuePosition }
          #expect(queue.oldestDueAt.map(milliseconds) == oldest.map { milliseconds($0.dueAt) })
        }
        #expect(queues.map(\.counts.succeeded).reduce(0, +) == (try await views.installation().succeeded))

        let dead = model.jobs.filter { $1.state == "dead" }
        let groups = try await views.deadGroups()
        let expected = Dictionary(grouping: dead.values) { $0.fingerprint ?? "" }
        #expect(Set(groups.map(\.fingerprint)) == Set(expected.keys))
        for group in groups {
          let jobs = expected[group.fingerprint] ?? []
          #expect(group.jobs == Int64(jobs.count))
          #expect(milliseconds(group.lastAt) == jobs.compactMap(\.finishedAt).max().map(milliseconds))
          let found = try await collect {
            try await views.list(.init(fingerprint: group.fingerprint), limit: 2, after: $0)
          }
          #expect(Set(found.map(\.id)) == Set(dead.filter { $1.fingerprint == group.fingerprint }.keys))
        }
        let all = try await collect { try await views.list(JobFilter(), limit: 7, after: $0) }
        let order = model.jobs.sorted { $0.value.queuePosition > $1.value.queuePosition }
        #expect(all.map(\.id) == order.map(\.key))

        for owner in owners {
          for batch in try await collect({ try await views.batches(owner: owner, limit: 1, after: $0) }) {
            let jobs = model.jobs.filter { $1.owner == owner && $1.batchId == batch.id }
            // Its figures are of those too that are not listed any more.
            let all = jobs.values + model.pruned.filter { $0.owner == owner && $0.batchId == batch.id }
            #expect(batch.files == Int64(all.count))
            #expect(batch.bytes == all.reduce(0) { $0 + $1.size })
            #expect(batch.endedBytes == all.reduce(0) { $0 + ($1.isFinished ? $1.size : 0) })
            let found = try await collect { try await views.list(owner: owner, batch: batch.id, limit: 3, after: $0) }
            #expect(Set(found.map(\.id)) == Set(jobs.keys))
            #expect(try await views.batch(batch.id, owner: UUID()) == nil)
          }
        }
        for (id, job) in model.jobs { #expect(try await views.attempts(of: id).count == job.failures.count) }
        let limited = model.queues.values.filter { $0.isPaused || $0.limits.concurrency != nil }
        #expect(try await views.controls().count == limited.count)
      }
    }

    @Test func aWaitingJobKnowsHowManyOfItsOwnersComeBeforeIt() async throws {
      try await withViews(seed: 40, steps: 400) { pool, model, owners in
        let views = JobViews(pool: pool)
        for owner in owners {
          let expected = model.jobs.filter { $1.owner == owner && $1.state == "queued" }.mapValues { job in
            model.jobs.values.count {
              $0.owner == owner && $0.state == "queued" && $0.jobClass == job.jobClass && $0.kind == job.kind
                && $0.queuePosition < job.queuePosition
            }
          }
          var found: [UUID: Int] = [:]
          var after: String?
          repeat {
            let page = try await views.list(owner: owner, limit: 5, after: after)
            found.merge(try await views.waiting(page.items)) { _, new in new }
            after = page.next
          } while after != nil
          #expect(found == expected)
        }
      }
    }

    @Test func timeIsLeftOnlyAfterSomethingEnded() async throws {
      try await withPool { pool in
        let log = MemoryEventLog()
        let uploads = Uploads(log: log)
        let views = JobViews(pool: pool)
        let (file, job) = (UUID.v7(), UUID.v7())
        try await uploads.upload("a", content: 1, id: file, job: job)
        try await fold(log, pool)
        #expect(try await views.pace(owner: uploads.owner) == nil)
        try await uploads.succeed(job, file: file, content: 1)
        try await fold(log, pool)
        let pace = try #require(try await views.pace(owner: uploads.owner))
        #expect(pace > 0 && pace <= 1)
        #expect(try await views.pace(owner: UUID()) == nil)
      }
    }
  }

  struct Accounts {
    @Test func accountsAreFoundByIdAndByEmailOfAnyCase() async throws {
      try await withViews(seed: 38) { pool, model, owners in
        let views = QuotaViews(pool: pool)
        for owner in owners {
          let account = try #require(try await views.account(owner))
          #expect(account.usedBytes == model.accounts[owner]?.usedBytes)
          #expect(account.streamVersion == model.accounts[owner]?.version)
          #expect(try await views.account(email: account.email.uppercased()) == account)
        }
        #expect(try await views.account(UUID()) == nil)
        let all = try await collect { try await views.accounts(limit: 1, after: $0) }
        #expect(all.map(\.id) == owners)
      }
    }
  }

  @Test func brokenCursorsAreRefusedByEveryList() async throws {
    try await withPool { pool in
      let owner = UUID()
      await #expect(throws: InvalidCursor.self) { try await FileViews(pool: pool).list(owner: owner, after: "?") }
      await #expect(throws: InvalidCursor.self) { try await DuplicateViews(pool: pool).list(owner: owner, after: "?") }
      await #expect(throws: InvalidCursor.self) { try await JobViews(pool: pool).list(owner: owner, after: "?") }
      await #expect(throws: InvalidCursor.self) { try await QuotaViews(pool: pool).accounts(after: "?") }
    }
  }
}

private func milliseconds(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1000).rounded()) }

/// Folds what is new in the log into every projection, as their runners would.
func fold(_ log: any EventLog, _ pool: PostgresPool) async throws {
  let runners = ProjectionCatalog.all.map { runner($0, pool, log) }
  try await running(runners.map { runner in { try await runner.run() } }) {
    try await ProjectionPositions(pool: pool)
      .wait(for: ProjectionCatalog.names, toReach: try await log.head(), timeout: .seconds(30))
  }
}

private func withViews(
  seed: UInt64, steps: Int = 200, _ body: (PostgresPool, ProjectionModel, _ owners: [UUID]) async throws -> Void
) async throws {
  let history = GeneratedHistory(seed: seed, steps: steps)
  let clock = SteppingClock()
  let log = MemoryEventLog(now: { clock.next() })
  for append in history.appends { _ = try await log.append(append) }
  let model = try ProjectionModel(try await log.read(after: .start, limit: .max))
  try await withPool { pool in
    try await fold(log, pool)
    try await body(pool, model, history.owners)
  }
}

/// Every item of a list, part by part.
private func collect<Item>(_ part: (String?) async throws -> Page<Item>) async throws -> [Item] {
  var items: [Item] = []
  var after: String?
  repeat {
    let page = try await part(after)
    items += page.items
    after = page.next
  } while after != nil
  return items
}
