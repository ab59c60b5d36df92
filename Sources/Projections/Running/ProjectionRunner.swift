// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Logging
public import Postgres
public import Redis
public import ServiceLifecycle

/// Keeps one projection up with the log, for as long as it runs.
///
/// Any number may run for one projection, in any number of processes: the lock on the checkpoint's row lets one fold at a time, and each
/// batch says from which position it goes on, so none is folded twice and none is missed.
///
/// A lost database or log is waited for. An event that cannot be folded is tried again, and then concerns this projection and no other: by
/// ``Options/onPoison`` it is parked with its error and passed by, or the projection stops before it with the reason in its checkpoint. A
/// stopped one goes on when a rebuild or a person has cleared the reason, or when a runner starts again.
public final class ProjectionRunner: Service {
  public struct Options: Sendable {
    /// What becomes of an event that cannot be folded.
    public var onPoison = PoisonPolicy.park
    /// How often an event is tried that the database refuses.
    public var attempts = 3
    /// Between attempts, and while something is not reachable.
    public var backoff = Backoff(first: .milliseconds(100), longest: .seconds(10))
    /// How long a runner that another one was ahead of leaves it alone.
    public var standby = Duration.seconds(1)
    /// While events come in crowds, the least time from one fold to the next: a fold costs the same for ten events as for one.
    public var rhythm = Duration.milliseconds(20)
    /// How many events in one page are a crowd. What one client writes, and waits to read before it writes again, is fewer.
    public var crowd = 8
    /// How often a projection that has stopped looks whether it may go on.
    public var stoppedPoll = Duration.seconds(2)

    public init() {}
  }

  let projection: any Projection
  let pool: PostgresPool
  let log: any EventLog
  let redis: RedisClient?
  let positions: ProjectionPositions?
  let options: Options
  let logger: Logger
  let metrics: ProjectionMetrics

  /// - Parameters:
  ///   - redis: told of each move, for other processes. Its failures are logged and otherwise ignored.
  ///   - positions: told of each move, for those who wait in this process.
  public init(
    _ projection: any Projection, pool: PostgresPool, log: any EventLog, redis: RedisClient? = nil,
    positions: ProjectionPositions? = nil, options: Options = Options(), logger: Logger
  ) {
    self.projection = projection
    self.pool = pool
    self.log = log
    self.redis = redis
    self.positions = positions
    self.options = options
    var logger = logger
    logger[metadataKey: "projection"] = "\(projection.name)"
    self.logger = logger
    metrics = ProjectionMetrics(projection.name)
  }

  /// Returns at graceful shutdown, or when cancelled; the batch under way is then rolled back.
  public func run() async throws {
    await cancelWhenGracefulShutdown { await self.follow() }
  }

  private func follow() async {
    var failures = 0
    var isFirst = true
    var isStrange = false
    while !Task.isCancelled {
      do {
        // What has failed may be what this start has mended.
        if isFirst { _ = try await pool.execute(Checkpoint.clearError(projection.name)) }
        isFirst = false
        let checkpoint = try await checkpoint()
        metrics.isStopped(checkpoint.error != nil)
        await measureParked()
        // Whoever leads: a runner that folds nothing shows how far the projection is, too.
        metrics.moved(to: checkpoint.position, head: try await log.head(), at: checkpoint.updatedAt)
        guard checkpoint.version == projection.version else {
          // In the middle of an upgrade, or of the way back: another program folds them, and must not be stopped.
          metrics.isStopped(true)
          if !isStrange {
            logger.warning(
              "The tables are of another version: this program does not fold them",
              metadata: ["tables": "\(checkpoint.version)", "program": "\(projection.version)"])
          }
          isStrange = true
          try await Task.sleep(for: options.stoppedPoll)
          continue
        }
        isStrange = false
        if let error = checkpoint.error {
          // Programs before this one stopped others when they met tables that were not theirs.
          if error.hasPrefix("The tables are of version ") {
            _ = try await pool.execute(Checkpoint.clearError(projection.name))
          } else {
            try await Task.sleep(for: options.stoppedPoll)
          }
          continue
        }
        try await follow(from: checkpoint.position) { failures = 0 }
      } catch {
        guard !Task.isCancelled else { return }
        failures += 1
        logger.warning("A projection waits: it cannot read or write", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: options.backoff.ceiling(afterFailures: failures))
      }
    }
  }

  /// Folds page after page. Returns when another runner was ahead, or when the projection has stopped.
  private func follow(from position: Position, moved: () -> Void) async throws {
    var position = position
    for try await page in log.subscribe(after: position, filter: projection.filter).pages {
      let start = ContinuousClock.now
      switch try await foldPatiently(page, from: position) {
      case .moved:
        position = page.through
        moved()
        if page.isLast, page.events.count >= options.crowd {
          try await Task.sleep(until: start + options.rhythm, tolerance: .milliseconds(1))
        }
      case .overtaken:
        try await Task.sleep(for: options.standby)
        return
      case .stopped:
        return
      }
    }
  }

  func checkpoint() async throws -> Checkpoint {
    let name = projection.name
    let rows = try await pool.withConnection { connection in
      _ = try await connection.execute(Checkpoint.create(name, version: projection.version))
      return try await connection.query(Checkpoint.read(name))
    }
    guard let row = rows.first else { throw PostgresError(.decoding, "the checkpoint \"\(name)\" vanished") }
    return try Checkpoint(row)
  }
}
