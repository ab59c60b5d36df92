// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Logging
import Synchronization

/// Sends commands at an interval, from a thread and over a connection of its own.
///
/// For signs of life: nothing else that the process does, however busy it keeps Swift's threads, can hold them up. A beat that fails is
/// left out; the next one connects again.
public final class RedisPulse: Sendable {
  private let rhythm = Rhythm()

  /// Begins at once, and goes on until ``stop()`` or until it is released.
  ///
  /// - Parameters:
  ///   - commands: what to send in this beat; nothing is sent when there are none. Called on the pulse's thread, like `replies`.
  ///   - replies: what the server said, one value a command.
  public init(
    _ configuration: RedisConfiguration, interval: Duration, logger: Logger = Logger(label: "onefold.redis"),
    commands: @escaping @Sendable () -> [[RedisArgument]],
    replies: @escaping @Sendable ([RedisValue]) -> Void = { _ in }
  ) {
    let thread = Thread { [rhythm] in
      SignalMask.blockPipe()
      var context: HiredisContext?
      while rhythm.wait(interval) {
        let commands = commands()
        guard !commands.isEmpty else { continue }
        do throws(RedisError) {
          let connected =
            if let context { context } else { try HiredisContext.signedIn(configuration, socket: rhythm.socket) }
          context = connected
          replies(try connected.perform(RedisRequest(commands), limit: configuration.commandTimeout))
        } catch {
          context = nil
          logger.debug("a beat did not reach Redis", metadata: ["error": "\(error)"])
        }
      }
    }
    thread.name = "redis-pulse"
    thread.start()
  }

  deinit { rhythm.stop() }

  /// Ends it; a beat under way is cut off.
  public func stop() { rhythm.stop() }

  /// Waits that can be cut short. Unchecked: `isStopped` is touched only while `condition` is held.
  private final class Rhythm: @unchecked Sendable {
    let socket = InterruptibleSocket()
    private let condition = NSCondition()
    private var isStopped = false

    /// False when it is time to end.
    func wait(_ interval: Duration) -> Bool {
      let deadline = Date(timeIntervalSinceNow: interval / .seconds(1))
      condition.lock()
      defer { condition.unlock() }
      while !isStopped, condition.wait(until: deadline) {}
      return !isStopped
    }

    func stop() {
      condition.lock()
      isStopped = true
      condition.signal()
      condition.unlock()
      socket.interrupt()
    }
  }
}
