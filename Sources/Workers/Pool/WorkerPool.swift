// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Domain
public import EventStore
public import Logging
public import Redis
public import ServiceLifecycle

/// Takes jobs from Redis and sees each of them to an end that is in the log.
///
/// Delivery is at least once, and any number of pools work side by side. What makes effects happen once is the log: results have ids that
/// follow from the job, and the last append names the version of the job's stream, so that a worker which was thought dead
/// and comes back is refused.
///
/// - Urgent classes come first, and tenants share within a class; see ``TakeScript``.
/// - A thread that does nothing else gives signs of life for what is held. Who is silent for ``WorkerOptions/silence`` loses it to others.
/// - On shutdown, jobs under way may finish within ``WorkerOptions/grace``; the others are handed back and lose no attempt.
public final class WorkerPool: Service {
  let options: WorkerOptions
  let queue: JobQueue
  let holdings: Holdings
  let conclusion: JobConclusion
  let ledger: JobLedger
  let handlers: [JobKind: any JobHandler]
  let logger: Logger
  let redis: RedisClient

  /// How long a pool that has nothing to do waits to be woken, in case a wake-up was lost.
  private static let block: Duration = .seconds(5)
  /// How long a failing Redis is left alone.
  private static let pause: Duration = .milliseconds(250)

  /// - Parameter handlers: of the kinds to take, one for each.
  public init(
    redis: RedisClient, log: any EventLog, handlers: [any JobHandler], options: WorkerOptions = WorkerOptions(),
    logger: Logger = Logger(label: "onefold.workers")
  ) {
    precondition(options.concurrency > 0, "a pool of workers holds at least one job")
    self.redis = redis
    self.options = options
    self.handlers = Dictionary(handlers.map { ($0.kind, $0) }) { first, _ in first }
    self.logger = logger
    queue = JobQueue(
      redis: redis, consumer: options.consumer, classes: options.classes, kinds: Set(handlers.map(\.kind)))
    holdings = Holdings(limit: options.concurrency)
    ledger = JobLedger(log: log, worker: options.consumer)
    conclusion = JobConclusion(queue: queue, ledger: ledger, retry: options.retry, logger: logger)
  }

  /// Works until graceful shutdown or cancellation.
  public func run() async throws {
    WorkerMetrics.begin()
    let pulse = signsOfLife()
    logger.info(
      "Workers have begun", metadata: ["consumer": "\(options.consumer)", "concurrency": "\(options.concurrency)"])
    await withDiscardingTaskGroup { group in
      group.addTask { await cancelWhenGracefulShutdown { await self.keepHouse() } }
      await self.takeJobs(into: &group)
      await self.waitForJobsUnderWay()
      group.cancelAll()
    }
    // Escapes the cancellation that may have brought us here: without it the jobs would wait until they are rescued.
    await Task { await self.handBack() }.value
    pulse.stop()
    await queue.close()
    logger.info("Workers have stopped", metadata: ["consumer": "\(options.consumer)"])
  }

  private static var isStopping: Bool { Task.isCancelled || Task.isShuttingDownGracefully }

  private func takeJobs(into group: inout DiscardingTaskGroup) async {
    var hasRecovered = false
    var lastRescue = ContinuousClock.now
    while !Self.isStopping {
      do {
        if !hasRecovered {
          try await queue.createGroups()
          try await recover(into: &group)
          hasRecovered = true
        }
        // Not for every single job that ends: a read is worth its round trip, and so are the look-ups for a batch.
        await cancelWhenGracefulShutdown {
          await self.holdings.wait(forRoom: max(1, self.options.concurrency / 4))
        }
        if lastRescue.duration(to: .now) > options.silence / 3 {
          lastRescue = .now
          let rescued = start(try await queue.rescue(holdings.room, silence: options.silence), in: &group)
          if rescued > 0 {
            WorkerMetrics.rescued.increment(by: rescued)
            logger.warning("Jobs of silent workers are taken over", metadata: ["jobs": "\(rescued)"])
          }
        }
        guard holdings.room > 0, !Self.isStopping else { continue }
        let taken = try await queue.take(holdings.room)
        start(taken.deliveries, in: &group)
        if taken.deliveries.isEmpty {
          let limit = min(Self.block, options.silence / 3, taken.next ?? Self.block)
          try await cancelWhenGracefulShutdown { try await self.queue.wait(upTo: limit) }
        }
      } catch let error as RedisError where error.isNoGroup {
        // Redis was emptied. The relay publishes again; we begin again.
        logger.notice("The job streams are gone and are made anew")
        hasRecovered = false
      } catch {
        if Self.isStopping { break }
        logger.debug("Jobs cannot be taken", metadata: ["error": "\(error)"])
        await cancelWhenGracefulShutdown { try? await Task.sleep(for: Self.pause) }
      }
    }
  }

  /// Goes on with what an earlier process of this name left.
  private func recover(into group: inout DiscardingTaskGroup) async throws {
    for stream in queue.streams {
      var after = StreamID.zero
      while !Self.isStopping {
        await cancelWhenGracefulShutdown { await self.holdings.wait(forRoom: 1) }
        let found = try await queue.ownPending(stream, after: after, limit: max(1, holdings.room))
        guard let last = found.last else { break }
        start(found, in: &group)
        after = last.id
      }
    }
  }

  @discardableResult
  private func start(_ deliveries: [Delivery], in group: inout DiscardingTaskGroup) -> Int {
    let new = holdings.add(deliveries)
    if !new.isEmpty { group.addTask { await self.work(on: new) } }
    return new.count
  }

  private func waitForJobsUnderWay() async {
    let grace = options.grace
    await withTaskGroup { group in
      group.addTask { await self.holdings.waitUntilEmpty() }
      group.addTask { try? await Task.sleep(for: grace) }
      await group.next()
      group.cancelAll()
    }
  }
}
