// SPDX-License-Identifier: Apache-2.0

public import Logging

/// Whether a process can do its work now: a named check for each thing that it needs.
public struct Readiness: Sendable {
  public typealias Check = @Sendable () async throws -> Void

  private let checks: [(name: String, check: Check)]
  private let timeout: Duration
  private let logger: Logger

  /// - Parameter checks: each throws when what it looks at is missing. They run side by side.
  public init(_ checks: [(name: String, check: Check)], timeout: Duration = .seconds(2), logger: Logger) {
    self.checks = checks
    self.timeout = timeout
    self.logger = logger
  }

  struct Report: Encodable {
    let status: String
    /// `ok` or `failed` for each check; why one failed is for the log, not for whoever asks.
    let checks: [String: String]

    var isReady: Bool { status == "ok" }
  }

  func report() async -> Report {
    let results = await withTaskGroup(of: (String, Bool).self) { group in
      for (name, check) in checks { group.addTask { (name, await passes(name, check)) } }
      return await group.reduce(into: [String: String]()) { $0[$1.0] = $1.1 ? "ok" : "failed" }
    }
    return Report(status: results.values.allSatisfy { $0 == "ok" } ? "ok" : "failed", checks: results)
  }

  private func passes(_ name: String, _ check: @escaping Check) async -> Bool {
    await withTaskGroup(of: Bool.self) { group in
      group.addTask {
        do {
          try await check()
          return true
        } catch is CancellationError {
          return false
        } catch {
          logger.warning("a readiness check failed", metadata: ["check": "\(name)", "error": "\(error)"])
          return false
        }
      }
      group.addTask {
        try? await Task.sleep(for: timeout)
        return false
      }
      defer { group.cancelAll() }
      return await group.next() ?? false
    }
  }
}
