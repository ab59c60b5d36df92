// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import Domain
import EventStore
import Foundation
import Jobs
import Logging
import Projections
import Server
import Workers

/// What has to be done again and again, as jobs: seen, paused and retried like all others, and run once however many processes there are.
///
/// They are of class `bulk`, because nobody waits for them, and nobody's, so they have a tenant's turn of their own beside the users'.
/// Seals are none of them: a seal must not wait in a queue that seals are to vouch for.
extension Connections {
  /// Longer than any upload may take.
  private static let stagedAge = Duration.seconds(24 * 3600)

  /// Longer than it takes from writing a pack to knowing it.
  private static let packAge = Duration.seconds(3600)

  func scheduler(_ settings: Settings) -> Scheduler {
    // So that bytes go soon after their grace, whatever it is.
    let pace = min(max(settings.reclaimGrace, .seconds(1)), .seconds(30))
    return Scheduler(
      log: log,
      schedules: [
        Schedule(.reclaim, jobClass: .bulk, every: pace) { [pool] in
          try await Reclaimer.isDue(in: pool, grace: settings.reclaimGrace)
        },
        Schedule(.sweep, jobClass: .bulk, every: .seconds(3600)),
      ] + scrubSchedule(settings), logger: logger)
  }

  /// Every hour, in the middle of it: the sweep comes at its beginning.
  private static let scrubPeriod = Duration.seconds(3600)

  private func scrubSchedule(_ settings: Settings) -> [Schedule] {
    guard let interval = settings.scrubInterval else { return [] }
    let health = StoreHealth(pool: pool)
    let period = min(Self.scrubPeriod, interval)
    return [
      Schedule(.scrub, jobClass: .bulk, every: period, offset: period / 2) {
        try await Scrubber.isDue(health, interval: interval)
      }
    ]
  }

  func periodicJobs(_ settings: Settings, blobs: any ExaminedBlobStore) -> [any JobHandler] {
    let reclaimer = reclaimer(settings, blobs: blobs)
    let answers = KeptAnswers(pool: pool, retention: settings.answerRetention)
    let ledger = FileLedger(log: log, index: ProjectionFileIndex(pool: pool))
    let trash = settings.trashRetention.map { TrashRetention(pool: pool, ledger: ledger, retention: $0) }
    let pruner = settings.jobRetention.map {
      JobPruner(log: log, clock: LogClock(pool: pool), jobs: JobViews(pool: pool), retention: $0)
    }
    let interval = settings.scrubInterval ?? .seconds(86_400)
    let scrubber = Scrubber(
      blobs: blobs, contents: ContentViews(pool: pool), health: StoreHealth(pool: pool), interval: interval,
      logger: logger)
    return [
      RoundJob(.reclaim, log: log) { _ in
        let outcome = try await reclaimer.pass()
        return [
          "removed": Int64(outcome.removed), "removedBytes": outcome.removedBytes, "restored": Int64(outcome.restored),
        ]
      },
      RoundJob(.sweep, log: log) { [pool, logger] job in
        let tidying = try await blobs.tidyPacks(olderThan: Self.packAge)
        try await reclaimer.offer(tidying.found)
        let expired = try await trash?.apply()
        let pruned = try await pruner?.apply()
        let recount = try await Self.recount(blobs, at: job.since)
        for difference in recount?.differences ?? [] {
          logger.error("The index of chunks is not what the packs say", metadata: ["difference": "\(difference)"])
        }
        return [
          "packs": Int64(tidying.packs), "packBytes": tidying.bytes, "foundBlobs": Int64(tidying.found.count),
          "stagedBlobs": Int64(try await blobs.sweepStaged(olderThan: Self.stagedAge)),
          "trashedFiles": Int64(expired?.files ?? 0), "trashedBytes": expired?.bytes ?? 0,
          "recountedChunks": Int64(recount?.chunks ?? 0), "recountDifferences": Int64(recount?.differences.count ?? 0),
          "finishedJobs": Int64(pruned ?? 0), "sessions": Int64(try await Sessions.sweep(in: pool)),
          "keptAnswers": Int64(try await answers.sweep()),
        ]
      },
      RoundJob(.scrub, log: log) { _ in
        let outcome = try await scrubber.round(share: min(1, Self.scrubPeriod / interval))
        return [
          "contents": Int64(outcome.contents), "bytes": outcome.bytes, "damaged": Int64(outcome.damaged),
          "mended": Int64(outcome.mended),
        ]
      },
      ProbeJob(log: log),
    ]
  }

  /// When the day is three hours old, with that hour's sweep.
  private static func recount(_ blobs: any ExaminedBlobStore, at time: Date) async throws -> StoreRecount? {
    let hour = Int64(time.timeIntervalSince1970) / 3600
    guard hour % 24 == 3 else { return nil }
    return try await blobs.recount(.ofDay(hour / 24, chunks: blobs.chunkTotals().chunks))
  }

  /// What looks for jobs that Redis has lost, where the relay leads.
  func lostJobs(_ relay: Relay) -> LostJobs {
    let jobs = JobViews(pool: pool)
    return LostJobs(
      log: log, redis: redis, overdue: { try await jobs.overdue($0) }, isLeading: { relay.isLeading }, logger: logger)
  }
}
