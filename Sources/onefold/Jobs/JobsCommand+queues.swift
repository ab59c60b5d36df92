// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Jobs
import Projections
import Redis

/// What is done to parts of the queue.
extension JobsCommand {
  struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Begin no more jobs of a class, a kind or a tenant. Those under way go on.",
      discussion: """
        EXAMPLES
          onefold jobs pause --class bulk --reason "nightly backup"
          onefold jobs pause --tenant ada@example.org
        """)

    @OptionGroup var queue: QueueOptions
    @Option(help: "Stays in the log.") var reason: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let name = try await queue.name(connections)
        let position = try await connections.jobControl.pause(name, reason: reason, by: .terminal)
        Terminal.write("\(name): paused, position \(position)")
      }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Begin jobs of a class, a kind or a tenant again.",
      discussion: """
        EXAMPLES
          onefold jobs resume --class bulk
        """)

    @OptionGroup var queue: QueueOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let name = try await queue.name(connections)
        let position = try await connections.jobControl.resume(name, by: .terminal)
        Terminal.write("\(name): resumed, position \(position)")
      }
    }
  }

  struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Pause a class, a kind or a tenant, and wait until nothing of it runs any more.",
      discussion: """
        It stays paused, also when the wait is broken off: `onefold jobs resume` ends that.

        EXAMPLES
          onefold jobs drain --kind analyze --reason "upgrade"
          onefold jobs drain --class bulk --timeout 600

        EXIT STATUS
          0    nothing of it runs
          1    something still ran when the time was up
          130  interrupted
        """)

    @OptionGroup var queue: QueueOptions
    @Option(help: ArgumentHelp("Give up after so many seconds.", valueName: "seconds")) var timeout: Int?
    @Option(help: "Stays in the log.") var reason: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let name = try await queue.name(connections)
        let position = try await connections.jobControl.pause(name, reason: reason ?? "drain", by: .terminal)
        do {
          let left = try await withInterruption {
            try await connections.relayed(position)
            return try await wait(name, connections)
          }
          guard left == 0 else {
            Terminal.writeError("\(Format.count(left)) jobs still run. \(name) stays paused.\n")
            throw ExitCode.failure
          }
          Terminal.write("\(name): nothing runs any more. It stays paused until `onefold jobs resume`.")
        } catch is CancellationError {
          Terminal.writeError("Interrupted. \(name) stays paused until `onefold jobs resume`.\n")
          throw ExitCode(130)
        }
      }
    }

    /// - Returns: how many run when there are none any more, or when the time is up.
    private func wait(_ name: QueueName, _ connections: Connections) async throws -> Int {
      let deadline = timeout.map { ContinuousClock.now + .seconds($0) }
      var left = try await WorkInHand(in: connections.redis).count(in: name)
      guard left > 0 else { return 0 }
      let bar = ProgressBar(title: "Draining", totalItems: left, unit: "jobs")
      let first = left
      return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await bar.run() }
        defer { group.cancelAll() }
        while left > 0, deadline.map({ $0 > .now }) ?? true {
          try await Task.sleep(for: .milliseconds(250))
          left = try await WorkInHand(in: connections.redis).count(in: name)
          let done = max(0, first - left)
          bar.update { $0.items = done }
        }
        return left
      }
    }
  }

  struct Limit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Set all limits of a class, a kind or a tenant, in place of those before.",
      discussion: """
        What is left away is not limited: without any, all limits go.

        EXAMPLES
          onefold jobs limit --kind analyze --concurrency 4
          onefold jobs limit --tenant ada@example.org --rate 50 --weight 2
          onefold jobs limit --kind analyze                                  no limits any more
        """)

    @OptionGroup var queue: QueueOptions
    @Option(help: ArgumentHelp("Jobs under way at a time, over all workers.", valueName: "n")) var concurrency: Int?
    @Option(help: ArgumentHelp("Jobs begun in a second, on average.", valueName: "n")) var rate: Int?
    @Option(help: ArgumentHelp("A tenant's share beside others of its class. (default: 1)", valueName: "n"))
    var weight: Int?
    @OptionGroup var common: CommonOptions

    func validate() throws {
      for (name, value, range) in [
        ("concurrency", concurrency, QueueLimits.concurrencies), ("rate", rate, QueueLimits.rates),
        ("weight", weight, QueueLimits.weights),
      ] {
        guard value.map(range.contains) ?? true else {
          throw ValidationError("--\(name) takes \(range.lowerBound) to \(range.upperBound).")
        }
      }
      guard weight == nil || queue.tenant != nil else { throw ValidationError("Only a tenant has a weight.") }
    }

    func run() async throws {
      try await withConnections(common) { connections in
        let name = try await queue.name(connections)
        let limits = QueueLimits(concurrency: concurrency, ratePerSecond: rate, weight: weight)
        let position = try await connections.jobControl.limit(name, to: limits, by: .terminal)
        Terminal.write("\(name): \(limits == QueueLimits() ? "no limits" : "limited"), position \(position)")
      }
    }
  }

  /// One part of the queue.
  struct QueueOptions: ParsableArguments {
    @Option(name: .customLong("class"), help: "\(JobClass.allCases.map(\.rawValue).joined(separator: ", ")).")
    var jobClass: String?
    @Option(help: "\(JobKind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind: String?
    @Option(help: "An account's id or email; system for jobs that are nobody's; with limit, * for every other.")
    var tenant: String?

    func validate() throws {
      guard [jobClass, kind, tenant].count(where: { $0 != nil }) == 1 else {
        throw ValidationError("Name one of --class, --kind and --tenant.")
      }
    }

    func name(_ connections: Connections) async throws -> QueueName {
      do {
        if let jobClass { return try QueueName(.jobClass, jobClass) }
        if let kind { return try QueueName(.kind, kind) }
        guard let tenant, ![QueueName.system, QueueName.everyTenant].contains(tenant) else {
          return try QueueName(.tenant, tenant ?? QueueName.system)
        }
        return try QueueName(.tenant, try await connections.account(tenant).text)
      } catch let error as JobControlError {
        throw CommandError(error.description)
      }
    }
  }
}

extension Connections {
  var jobControl: JobControl { JobControl(log: log, jobs: JobViews(pool: pool)) }

  /// The account of an id or an email.
  func account(_ text: String) async throws -> UUID {
    if let id = UUID(uuidString: text) { return id }
    guard let account = try await QuotaViews(pool: pool).account(email: text) else {
      throw CommandError("There is no account \"\(text)\".")
    }
    return account.id
  }

  /// Waits until the relay has passed a position, so that workers know of it.
  func relayed(_ position: Position) async throws {
    var isWaiting = false
    while true {
      let marker = try await redis.command(["GET", .string(Relay.marker)]).string.flatMap { Int64($0) }
      if let marker, marker >= position.rawValue { return }
      if !isWaiting { Terminal.writeError("Waiting for the relay.\n") }
      isWaiting = true
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}
