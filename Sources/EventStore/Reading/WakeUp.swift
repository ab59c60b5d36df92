// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Redis
public import ServiceLifecycle

/// Tells readers when to look at the log again.
///
/// Within the process at once; between processes over the Redis stream `wake`, whose ids are positions. Appenders never wait for it: what
/// is announced while a message is on its way is one message more. Lost messages cost a reader its slow poll, and no event ever.
///
/// Postgres' NOTIFY would do it too, and is not used: it makes commits wait for one another.
public final class WakeUp: Service {
  private static let stream = "wake"

  /// The newest position known from anywhere.
  private let signal = PositionSignal()
  /// The newest position that this process announced.
  private let announced = PositionSignal()
  private let redis: RedisClient?
  private let logger: Logger

  public init(redis: RedisClient?, logger: Logger = Logger(label: "onefold.log.wake")) {
    self.redis = redis
    self.logger = logger
  }

  /// The log reaches this position now. Returns at once.
  public func announce(_ position: Position) {
    signal.advance(to: position)
    announced.advance(to: position)
  }

  /// Returns when there is something after `position`, when the time is up, or when the task is cancelled. The caller looks in any case.
  public func wait(past position: Position, timeout: Duration) async {
    await signal.wait(past: position, timeout: timeout)
  }

  /// Sends and receives until graceful shutdown.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      guard let redis = self.redis else {
        try? await gracefulShutdown()
        return
      }
      await withTaskGroup { group in
        group.addTask { await self.send(to: redis) }
        group.addTask { await self.receive(from: redis) }
      }
    }
  }

  private func send(to redis: RedisClient) async {
    var sent = Position.start
    while !Task.isCancelled {
      await announced.wait(past: sent)
      let position = announced.newest
      do {
        try await redis.xadd(
          Self.stream, id: StreamID(milliseconds: UInt64(position.rawValue)), fields: ["position": "\(position)"],
          maxLength: 1)
        sent = position
      } catch  where error.isStreamIDTooSmall {
        sent = position  // Another process announced as much, or more.
      } catch {
        logger.debug("A wake-up could not be sent", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: PostgresEventLog.slowPoll)
      }
    }
  }

  private func receive(from redis: RedisClient) async {
    let connection = redis.blockingConnection()
    while !Task.isCancelled {
      let after = StreamID(milliseconds: UInt64(signal.newest.rawValue))
      do {
        let batches = try await connection.xread([(stream: Self.stream, after: after)], block: .seconds(5))
        if let last = batches.last?.entries.last {
          signal.advance(to: Position(Int64(last.id.milliseconds)))
        }
      } catch {
        // The connection waits before it tries again.
        logger.debug("Wake-ups cannot be received", metadata: ["error": "\(error)"])
      }
    }
    await connection.close()
  }
}
