// SPDX-License-Identifier: Apache-2.0

public import EventStore
import Foundation
public import Logging
public import Redis
public import ServiceLifecycle

/// Compares the jobs that the log calls open with what Redis knows, and brings again what is missing.
///
/// Jobs do not get lost, because the relay's marker, lanes and pending lists move in one step and are lost together. This is for what
/// steps cannot rule out: an operator's DEL, a Redis that evicts keys. To be sound and cheap it only looks at jobs that were due long ago, of
/// tenants of whom nothing waits and nothing is under way; one that is brought twice all the same is ended once by the log.
public struct LostJobs: Service {
  /// How often, and how long a job must have been due to be missed.
  public static let interval: Duration = .seconds(60), patience: Duration = .seconds(300)

  private let log: any EventLog
  private let redis: RedisClient
  private let overdue: @Sendable (Duration) async throws -> [Position]
  private let isLeading: @Sendable () -> Bool
  private let logger: Logger

  /// - Parameters:
  ///   - overdue: where the log has the events that queued the oldest open jobs which have been due for so long.
  ///   - isLeading: one process looks; the relay's leader.
  public init(
    log: any EventLog, redis: RedisClient, overdue: @escaping @Sendable (Duration) async throws -> [Position],
    isLeading: @escaping @Sendable () -> Bool, logger: Logger = Logger(label: "onefold.lostJobs")
  ) {
    self.log = log
    self.redis = redis
    self.overdue = overdue
    self.isLeading = isLeading
    self.logger = logger
  }

  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.interval)
        guard self.isLeading() else { continue }
        do {
          let count = try await self.bringBack()
          if count > 0 { self.logger.warning("Jobs that Redis had lost are back", metadata: ["jobs": "\(count)"]) }
        } catch {
          self.logger.debug("Lost jobs cannot be looked for", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// - Returns: how many were missing.
  func bringBack(after patience: Duration = patience) async throws -> Int {
    let positions = try await overdue(patience)
    // What the relay has not passed yet is not lost.
    guard !positions.isEmpty,
      let marker = try await redis.command(["GET", .string(Relay.marker)]).int
    else { return 0 }
    let events = try await log.events(at: positions.filter { $0.rawValue <= Int64(marker) })
    let entries = events.compactMap { event in try? QueuedJob(event)?.entry }
    guard !entries.isEmpty else { return 0 }
    return try await redis.evaluate(
      JobScripts.bringBack,
      arguments: Lane.grouping(entries).flatMap { [.string($0), .string($1), .string($2)] + Lane.words($3) }
    ).int ?? 0
  }
}
