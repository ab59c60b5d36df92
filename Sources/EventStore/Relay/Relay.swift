// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres
public import Redis
public import ServiceLifecycle
import Telemetry
import Tracing

/// Carries the work that follows from events into Redis, in the order of the log.
///
/// How far it came is kept in Redis itself, as a marker that moves in the step that brings a batch, and only from where the relay believes it
/// to be: so each event's work is brought once, whatever answers get lost. When the marker is gone, so is the work: the relay goes back to
/// the oldest event whose work is open. It does so too when Redis has been started again, whatever that had kept (decision 24).
///
/// Of all relays that run, one leads: the one whose session holds an advisory lock in Postgres. The others try once a second. Should
/// a relay that lost its lock still try to bring something, the marker refuses it.
public final class Relay: Service {
  /// Where the relay has come to. Another name than `relay:position`, the marker of releases that filled the job streams themselves.
  public static let marker = "relay:marker"

  /// Which start of Redis was filled.
  private static let start = "relay:start"

  /// The consumer group of the job streams: one word for who fills them and who looks at them.
  public static let workers = "workers"

  private static let batchSize = 500
  private static let pause: Duration = .seconds(1)

  private let log: any EventLog
  private let redis: RedisClient
  private let target: any RelayTarget
  private let script: RelayScript
  private let leadership: Leadership
  private let logger: Logger

  /// - Parameter pool: tells how to connect; the lock has a connection of its own.
  public init(
    log: any EventLog, pool: PostgresPool, redis: RedisClient, target: any RelayTarget,
    logger: Logger = Logger(label: "onefold.relay")
  ) {
    self.log = log
    self.redis = redis
    self.target = target
    script = RelayScript(target: type(of: target).script)
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
    var lastLook = ContinuousClock.now
    while !Task.isCancelled {
      let isTimeToLook = lastLook.duration(to: .now) > Self.pause / 2
      // The lock is the session's: without one there is none. The marker holds off whoever goes on for a moment all the same.
      if isTimeToLook {
        try await session.execute("SELECT 1")
        lastLook = .now
      }
      do {
        if position == nil || isTimeToLook { try await forgetEarlierStart() }
        position = try await step(from: position)
      } catch let error as RedisError where error.isTransient {
        logger.warning("The relay waits for Redis", metadata: ["error": "\(error)"])
        try await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Takes the marker away when Redis was started since it was filled.
  ///
  /// What it then has may be older than what it had, and torn: a Redis whose file ends within a transaction keeps the beginning of that, and
  /// carries it out with the next one when it is started once more.
  private func forgetEarlierStart() async throws {
    let about = try await redis.command(["INFO", "server"]).string ?? ""
    // A proxy may hide it.
    guard let line = about.split(whereSeparator: \.isNewline).first(where: { $0.hasPrefix("run_id:") }) else { return }
    let reply = try await redis.evaluate(
      Self.forget, keys: [.string(Self.start), .string(Self.marker)], arguments: [.string(String(line.dropFirst(7)))])
    if reply.int == 1 { logger.notice("Redis was started again, so it is filled again") }
  }

  /// Returns 1 when there was a marker of another start.
  private static let forget = RedisScript(
    """
    if redis.call('GET', KEYS[1]) == ARGV[1] then return 0 end
    redis.call('SET', KEYS[1], ARGV[1])
    return redis.call('DEL', KEYS[2])
    """)

  /// Publishes the next batch after a position, and returns where that leads; nil finds out where to begin.
  private func step(from position: Position?) async throws -> Position {
    guard let position else { return try await start() }
    let page = try await log.page(after: position, limit: Self.batchSize, filter: .all)
    let began = EventSpans.now
    switch try await send(target.words(following: page.events), expected: position, next: page.through) {
    case .published:
      LogMetrics.relay(page.through)
      trace(page.events, since: began)
      if page.isLast {
        LogMetrics.head(page.through)
        // Also looks at Redis again once the time is up: it may have been emptied since.
        await log.wait(past: page.through, timeout: Self.pause)
      }
      return page.through
    case .flushed:
      logger.notice("Redis has no marker any more", metadata: ["position": "\(position)"])
      return try await start()
    case .moved(let position):
      logger.debug("The marker stands elsewhere", metadata: ["position": "\(position)"])
      return position
    }
  }

  private func trace(_ events: [RecordedEvent], since start: EventSpans.Time) {
    guard Traces.areRecorded else { return }
    let types = type(of: target).typesBringingWork
    for event in events where types.contains(event.type) {
      EventSpans.record("relay job", following: event, kind: .producer, since: start)
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
      _ = try await redis.command(["DEL", .string(Self.marker)])
    }
    let (position, words) = try await target.beginning()
    switch try await send(words, expected: nil, next: position) {
    case .published, .flushed:
      logger.info("The relay publishes again", metadata: ["after": "\(position)"])
      return position
    case .moved(let position):
      return position
    }
  }

  private func send(
    _ words: [RedisArgument], expected: Position?, next: Position
  ) async throws -> RelayScript.Answer {
    try await script.run(on: redis, marker: Self.marker, expected: expected, next: next, words: words)
  }
}
