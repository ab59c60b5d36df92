// SPDX-License-Identifier: Apache-2.0

public import Logging
public import ServiceLifecycle
import Synchronization

/// A private server that is started again when it ends without having been asked to.
public protocol LocalServer: Sendable {
  var name: String { get }
  /// Starts it and returns once it accepts connections.
  func start() async throws -> ChildProcess
  /// Stops it so that nothing is lost, and returns once it has ended.
  func stop(_ child: ChildProcess) async
}

/// Keeps a ``LocalServer`` alive: the service to put first in a `ServiceGroup`, so that it stops last.
public final class SupervisedService<Server: LocalServer>: Service {
  private let server: Server
  private let logger: Logger
  private let child = Mutex<ChildProcess?>(nil)

  public init(_ server: Server, logger: Logger) {
    self.server = server
    self.logger = logger
  }

  /// Starts the server before anything that needs it is built. Call once, then ``run()``.
  public func start() async throws {
    let started = try await server.start()
    child.withLock { $0 = started }
  }

  public func stop() async {
    if let running = child.withLock({ $0 }) { await server.stop(running) }
  }

  public func run() async throws {
    // Cancelled, too, it must not leave before the server has stopped.
    await cancelWhenGracefulShutdown { await self.supervise() }
    await stop()
  }

  private func supervise() async {
    var pause = Duration.milliseconds(100)
    while !Task.isCancelled {
      guard let running = child.withLock({ $0 }) else { return }
      let started = ContinuousClock.now
      guard let status = await exitStatus(of: running) else { return }
      // A server that ran for a while gets a quick restart; one that keeps falling gets longer and longer pauses.
      pause = started.duration(to: .now) > .seconds(30) ? .milliseconds(100) : min(pause * 2, .seconds(10))
      logger.error(
        "A private server ended by itself and is started again",
        metadata: ["server": "\(server.name)", "status": "\(status)", "pause": "\(pause)"])
      try? await Task.sleep(for: pause)
      while !Task.isCancelled {
        do {
          try await start()
          break
        } catch {
          logger.error(
            "A private server cannot be started", metadata: ["server": "\(server.name)", "error": "\(error)"])
          pause = min(pause * 2, .seconds(10))
          try? await Task.sleep(for: pause)
        }
      }
    }
  }

  /// Nil when this task is cancelled first.
  private func exitStatus(of running: ChildProcess) async -> Int32? {
    let exits = AsyncStream<Int32> { continuation in
      // Escapes cancellation on purpose: a child's end is only ever told once, and this task ends with the child.
      Task {
        continuation.yield(await running.waitForExit())
        continuation.finish()
      }
    }
    return await exits.first { _ in true }
  }
}
