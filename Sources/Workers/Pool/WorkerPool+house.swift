// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Logging
import Redis

extension WorkerPool {
  /// Gives back everything that is still ours, also what was given to us in a read that the shutdown cut off.
  func handBack() async {
    do {
      for stream in queue.streams {
        var after = StreamID.zero
        while let last = try await handBack(stream, after: after) { after = last }
      }
      try await queue.forgetConsumers(idle: .zero, name: options.consumer)
      try await queue.wakeOthers()
    } catch {
      logger.warning("Jobs could not be handed back; they will be rescued", metadata: ["error": "\(error)"])
    }
  }

  private func handBack(_ stream: String, after: StreamID) async throws -> StreamID? {
    let found = try await queue.ownPending(stream, after: after, limit: 500)
    let entries = found.compactMap { delivery in (try? JobEntry(delivery)).map { (delivery: delivery, entry: $0) } }
    // The last ones first, so that the first are at the front again.
    let count = entries.isEmpty ? 0 : try await queue.handBack(stream, entries.reversed())
    WorkerMetrics.count(.handedBack, count)
    return found.last?.id
  }

  func keepHouse() async {
    while !Task.isCancelled {
      do {
        WorkerMetrics.lengths(try await queue.lengths())
        try await queue.forgetConsumers(idle: .seconds(3600))
      } catch {
        logger.debug("The job streams cannot be looked at", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: .seconds(15))
    }
  }

  /// Says for each job that is held that somebody works on it, and hears which ones are not wanted any more.
  func signsOfLife() -> RedisPulse {
    RedisPulse(redis.configuration, interval: options.silence / 5, logger: logger) { [holdings, options] in
      let jobs = holdings.jobs
      return holdings.byStream.map { stream, keys in
        JobScripts.renew.bySource(
          keys: [],
          arguments: [.string(JobKeys.group), .string(options.consumer), .string(stream)]
            + keys.map { RedisArgument($0.id) })
      } + (jobs.isEmpty ? [] : [JobScripts.cancelled.bySource(keys: [], arguments: jobs.map { .string($0.id.text) })])
    } replies: { [holdings, logger] replies in
      let said = replies.flatMap { $0.array ?? [] }.compactMap(\.string)
      let cancelled = Set(said.compactMap { UUID(uuidString: $0) })
      if !cancelled.isEmpty {
        for job in holdings.jobs where cancelled.contains(job.id) { job.cancellation.cancel() }
      }
      // Most of those that are not ours any more have ended since they were asked for.
      let held = Set(holdings.byStream.values.joined().map(\.id))
      let lost = said.count { text in StreamID(text).map(held.contains) ?? false }
      if lost > 0 {
        logger.notice("Other workers have taken over jobs that run here", metadata: ["jobs": "\(lost)"])
      }
    }
  }
}
