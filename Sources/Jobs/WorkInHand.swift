// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation
public import Redis
import EventStore

/// What workers have been given and have not ended, as Redis tells it now.
public struct WorkInHand: Sendable, Equatable {
  public struct Job: Sendable, Equatable {
    public var jobClass: JobClass
    /// Nil for an entry that cannot be read.
    public var kind: JobKind?
    /// Nil for nobody's.
    public var owner: UUID?
    /// Who has it.
    public var worker: String
  }

  public var jobs: [Job]
  /// False when there was more than ``limit`` of one class: then the counts are at least so much.
  public var isComplete: Bool

  /// Looks at so many of one class.
  public static let limit = 10_000

  /// - Throws: Redis' error. Queues that do not exist have nothing in hand.
  public init(in redis: RedisClient) async throws(RedisError) {
    jobs = []
    isComplete = true
    for jobClass in JobClass.allCases {
      let stream = "jobs:\(jobClass.rawValue)"
      let workers: [StreamID: String]
      do {
        let pending = try await redis.xpending(stream, group: Relay.workers, count: Self.limit)
        workers = Dictionary(pending.map { ($0.id, $0.consumer) }) { first, _ in first }
      } catch  where error.isNoGroup {
        continue
      }
      guard !workers.isEmpty else { continue }
      let entries = try await redis.xrange(stream, count: Self.limit)
      if entries.count == Self.limit { isComplete = false }
      for entry in entries {
        guard let worker = workers[entry.id] else { continue }
        let owner = entry.fields["tenant"].flatMap(UUID.init(uuidString:))
        jobs.append(
          Job(
            jobClass: jobClass, kind: entry.fields["kind"].flatMap(JobKind.init), owner: owner, worker: worker))
      }
    }
  }

  /// How many belong to a part of the queue.
  public func count(in queue: QueueName) -> Int {
    jobs.count { job in
      switch queue.scope {
      case .jobClass: job.jobClass.rawValue == queue.value
      case .kind: job.kind?.rawValue == queue.value
      case .tenant: (job.owner?.text ?? QueueName.system) == queue.value
      }
    }
  }

  public func count(_ jobClass: JobClass, _ kind: JobKind) -> Int {
    jobs.count { $0.jobClass == jobClass && $0.kind == kind }
  }
}
