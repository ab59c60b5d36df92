// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres
public import Redis
public import ServiceLifecycle

/// Carries the work that follows from events into Redis streams, in the order of the log.
///
/// An entry's id is `<position>-0`, and Redis refuses an id that is not greater than the stream's last one: so publishing twice is harmless,
/// and a relay that does not know how far it came simply does it again. How far it came is kept in Redis itself, as the key
/// `relay:position`, which is written in the step that adds the entries. When the key is gone, so are the entries: the relay goes back to
/// the oldest event whose work is open and publishes again from there.
///
/// Of all relays that run, one leads: the one whose session holds an advisory lock in Postgres. The others try once a second. Should
/// a relay that lost its lock still publish for a moment, it publishes the same entries, and the marker tells the two apart.
public final class Relay: Service {
  /// The streams that carry jobs, by the class of the job, and the group that reads them.
  public static let jobStreams = ["jobs:admin", "jobs:interactive", "jobs:bulk"]
  public static let workers = "workers"
  /// Where the relay has come to.
  public static let marker = "relay:position"

  private static let batchSize = 500
  private static let pause: Duration = .seconds(1)

  private let log: any EventLog
  private let redis: RedisClient
  private let streams: [String]
  private let group: String
  private let plan: @Sendable (RecordedEvent) -> [StreamDispatch]
  private let resume: @Sendable () async throws -> Position
  private let leadership: Leadership
  private let logger: Logger

  /// - Parameters:
  ///   - pool: tells how to connect; the lock has a connection of its own.
  ///   - streams: exist with their group whenever the marker does, also when nothing was dispatched to them yet.
  ///   - plan: what follows from an event, at most one entry for each stream. Pure.
  ///   - resume: the position of the oldest event whose work is not known to be done; it and all after it are published again. Events that
  ///     the table it looks into has not seen yet count as not done. Asked when Redis is empty.
  public init(
    log: any EventLog, pool: PostgresPool, redis: RedisClient, streams: [String] = Relay.jobStreams,
    group: String = Relay.workers, plan: @escaping @Sendable (RecordedEvent) -> [StreamDispatch],
    resume: @escaping @Sendable () async throws -> Position, logger: Logger = Logger(label: "onefold.relay")
  ) {
    self.log = log
    self.redis = redis
    self.streams = streams
    self.group = group
    self.plan = plan
    self.resume = resume
    leadership = Leadership(.relay, name: "relay", pool: pool, logger: logger)
    self.logger = logger
  }

  /// Does this relay publish now?
  public var isLeading: Bool { leadership.isHeld }

  /// Leads, or waits to, until graceful shutdown. An outage of Postgres or Redis makes it wait and go on.
  public func run() async throws {
    await leadership.run { session in try await self.publish(while: session) }
  }

  private func publish(while session: PostgresConnection) async throws {
    var position: Position?
    while !Task.isCancelled {
      // The lock is the session's: without one there is none.
      try await session.execute("SELECT 1")
      do {
        position = try await step(from: position)
      } catch let error as RedisError where error.isTransient {
        logger.warning("The relay waits for Redis", metadata: ["error": "\(error)"])
        try await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Publishes the next batch after a position, and returns where that leads; nil finds out where to begin.
  private func step(from position: Position?) async throws -> Position {
    guard let position else { return try await start() }
    let page = try await log.page(after: position, limit: Self.batchSize, filter: .all)
    let entries = page.events.flatMap { event in plan(event).map { (event.position, $0) } }
    switch try await send(entries, expected: position, next: page.through) {
    case .published:
      LogMetrics.relay(page.through)
      if page.isLast {
        LogMetrics.head(page.through)
        // Also looks at Redis again once the time is up: it may have been emptied since.
        await log.wait(past: page.through, timeout: Self.pause)
      }
      return page.through
    case .flushed:
      logger.notice("Redis was emptied", metadata: ["position": "\(position)"])
      return try await start()
    case .moved(let position):
      logger.debug("The marker stands elsewhere", metadata: ["position": "\(position)"])
      return position
    }
  }

  /// Where the marker stands; without one, before the oldest event whose work is open.
  private func start() async throws -> Position {
    if let text = try await redis.command(["GET", .string(Self.marker)]).string, let value = Int64(text) {
      let marker = Position(value)
      // Asked after the marker: of this log, it can only be further.
      if marker <= (try await log.head()) { return marker }
      logger.error(
        "Redis is ahead of the log, so it is filled again: was the database restored from a backup, or is Redis used by another?",
        metadata: ["marker": "\(marker)"])
      _ = try await redis.command(["DEL", .string(Self.marker)] + streams.map { .string($0) })
    }
    let oldest = try await resume()
    let position = Position(max(0, oldest.rawValue - 1))
    switch try await send([], expected: nil, next: position) {
    case .published, .flushed:
      logger.info("The relay publishes again", metadata: ["after": "\(position)"])
      return position
    case .moved(let position):
      return position
    }
  }

  private func send(
    _ entries: [(position: Position, dispatch: StreamDispatch)], expected: Position?, next: Position
  ) async throws -> RelayScript.Answer {
    try await RelayScript.run(
      on: redis, marker: Self.marker, streams: streams, group: group, expected: expected, next: next, entries: entries)
  }
}
