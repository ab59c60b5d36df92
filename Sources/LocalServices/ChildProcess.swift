// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Glibc
import Synchronization

/// A server program as a child of this process: it writes to a log file, and it cannot outlive its parent.
public final class ChildProcess: Sendable {
  public let name: String
  public let processIdentifier: pid_t
  private let exit: ExitSignal

  private init(name: String, processIdentifier: pid_t, exit: ExitSignal) {
    self.name = name
    self.processIdentifier = processIdentifier
    self.exit = exit
  }

  /// Starts `program` under `account` (nil: as this process).
  ///
  /// - Parameter deathSignal: what the kernel sends it when this process ends, however it ends.
  public static func start(
    name: String, program: String, arguments: [String], account: ServiceAccount?, deathSignal: String,
    directory: URL, log: URL
  ) async throws -> ChildProcess {
    // setpriv (util-linux) changes user, asks for the death signal and becomes the program: no shell, no wrapper left.
    var wrapper = ["--pdeathsig", deathSignal]
    if let account {
      wrapper += ["--reuid", String(account.uid), "--regid", String(account.gid), "--clear-groups"]
    }
    let all = wrapper + ["--", program] + arguments
    let descriptor = open(log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw LocalServiceError("\(log.path): \(LocalServiceError.lastSystemError)")
    }
    let output = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let exit = ExitSignal()
    let identifier = try await SpawnThread.shared.run {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/setpriv")
      process.arguments = all
      process.currentDirectoryURL = directory
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      process.terminationHandler = { exit.send($0.terminationStatus) }
      do {
        try process.run()
      } catch {
        throw LocalServiceError("\(name) cannot be started (\(program)): \(error)")
      }
      return process.processIdentifier
    }
    return ChildProcess(name: name, processIdentifier: identifier, exit: exit)
  }

  /// The exit status if it has ended.
  public var exitStatus: Int32? { exit.status }

  /// Returns the exit status once it has ended.
  public func waitForExit() async -> Int32 { await exit.wait() }

  public func signal(_ number: Int32) {
    if exitStatus == nil { kill(processIdentifier, number) }
  }

  /// Sends `gentle`, waits up to `patience`, then sends `firm` and waits on.
  public func stop(gentle: Int32, firm: Int32, patience: Duration) async {
    signal(gentle)
    await withTaskGroup { group in
      group.addTask { _ = await self.waitForExit() }
      group.addTask {
        do { try await Task.sleep(for: patience) } catch { return }
        self.signal(firm)
      }
      await group.next()
      _ = await waitForExit()
      group.cancelAll()
    }
  }
}

/// Remembers one exit status and wakes whoever waits for it.
private final class ExitSignal: Sendable {
  private struct State {
    var status: Int32?
    var waiters: [CheckedContinuation<Int32, Never>] = []
  }
  private let state = Mutex(State())

  var status: Int32? { state.withLock { $0.status } }

  func send(_ status: Int32) {
    let waiters = state.withLock { state in
      state.status = status
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: status) }
  }

  func wait() async -> Int32 {
    await withCheckedContinuation { continuation in
      let known: Int32? = state.withLock { state in
        if state.status == nil { state.waiters.append(continuation) }
        return state.status
      }
      if let known { continuation.resume(returning: known) }
    }
  }
}
