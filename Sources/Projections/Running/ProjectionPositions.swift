// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Logging
public import Postgres
public import Redis
public import ServiceLifecycle
import Synchronization

/// Knows how far projections have come, and lets readers wait until they have come further.
///
/// Three things tell it: runners of this process, the Redis stream `live` while ``run()`` follows it, and the checkpoints themselves, which
/// are asked only while somebody waits: at first 20 ms apart, then less often, and by one of the waiters for all. Redis is a shortcut that
/// may fall silent; the checkpoints always answer.
public final class ProjectionPositions: Service {
  private static let firstPoll: Duration = .milliseconds(20)
  private static let slowestPoll: Duration = .milliseconds(200)

  private let pool: PostgresPool
  private let redis: RedisClient?
  private let logger: Logger
  private let signals = Mutex<[String: PositionSignal]>([:])
  private let looking = Mutex<(last: ContinuousClock.Instant?, count: Int)>((nil, 0))

  /// - Parameter redis: spares most looks at the checkpoints, once ``run()`` follows it.
  public init(pool: PostgresPool, redis: RedisClient? = nil, logger: Logger = Logger(label: "onefold.projections")) {
    self.pool = pool
    self.redis = redis
    self.logger = logger
  }

  /// How far the projection is now, by its checkpoint. ``Position/start`` for one that has none.
  public func position(of projection: String) async throws -> Position {
    try await look()
    return signal(projection).newest
  }

  /// The newest position known without asking anybody.
  public func known(of projection: String) -> Position { signal(projection).newest }

  /// Returns once all the projections have folded everything up to `position`.
  ///
  /// - Throws: ``WaitTimeout`` when the time is up, and when the task is cancelled.
  public func wait(
    for projections: [String], toReach position: Position, timeout: Duration = .seconds(10)
  ) async throws(WaitTimeout) {
    let deadline = ContinuousClock.now + timeout
    var interval = Self.firstPoll
    while let behind = projections.first(where: { known(of: $0) < position }) {
      let left = ContinuousClock.now.duration(to: deadline)
      guard left > .zero, !Task.isCancelled else {
        throw WaitTimeout(projection: behind, reached: known(of: behind), wanted: position)
      }
      await lookUnlessJustLooked(interval)
      await signal(behind).wait(past: Position(position.rawValue - 1), timeout: min(interval, left))
      interval = min(interval * 2, Self.slowestPoll)
    }
  }

  /// A projection has committed everything up to `position`.
  public func advance(_ projection: String, to position: Position) {
    signal(projection).advance(to: position)
  }

  /// How often waiting has asked the database.
  var looks: Int { looking.withLock { $0.count } }

  /// Follows Redis until graceful shutdown.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      guard let redis = self.redis else {
        try? await gracefulShutdown()
        return
      }
      await self.follow(redis)
    }
  }

  private func follow(_ redis: RedisClient) async {
    let connection = redis.blockingConnection()
    var after: StreamID?
    while !Task.isCancelled {
      do {
        // What came before is in the checkpoints.
        let start = if let after { after } else { try await connection.newestEntry(LiveStream.name)?.id ?? .zero }
        after = start
        let batches = try await connection.xread([(stream: LiveStream.name, after: start)], block: .seconds(5))
        for entry in batches.flatMap(\.entries) {
          after = entry.id
          guard let name = entry.fields["projection"], let position = entry.fields["position"].flatMap(Int64.init)
          else { continue }
          advance(name, to: Position(position))
        }
        // A stream that was emptied begins again with ids that may be smaller: find its end anew.
        if batches.isEmpty { after = nil }
      } catch {
        // The connection waits before it tries again.
        logger.debug("Positions cannot be followed over Redis", metadata: ["error": "\(error)"])
        after = nil
      }
    }
    await connection.close()
  }

  private func signal(_ projection: String) -> PositionSignal {
    signals.withLock { signals in
      if let signal = signals[projection] { return signal }
      let signal = PositionSignal()
      signals[projection] = signal
      return signal
    }
  }

  /// However many wait, the checkpoints are asked once in an interval.
  private func lookUnlessJustLooked(_ interval: Duration) async {
    let now = ContinuousClock.now
    let isDue = looking.withLock { looking in
      if let last = looking.last, last.duration(to: now) < interval { return false }
      looking = (now, looking.count + 1)
      return true
    }
    guard isDue else { return }
    do {
      try await look()
    } catch {
      logger.debug("The checkpoints cannot be read", metadata: ["error": "\(error)"])
    }
  }

  private func look() async throws {
    for row in try await pool.query(Checkpoint.all) {
      let checkpoint = try Checkpoint(row)
      advance(checkpoint.name, to: checkpoint.position)
    }
  }
}

/// A projection has not come far enough in time. It will: ask again.
public struct WaitTimeout: Error, Equatable, CustomStringConvertible {
  public var projection: String
  public var reached: Position
  public var wanted: Position

  public init(projection: String, reached: Position, wanted: Position) {
    self.projection = projection
    self.reached = reached
    self.wanted = wanted
  }

  public var description: String {
    "The projection \"\(projection)\" is at position \(reached) and has not reached \(wanted) in time."
  }
}
