// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation

/// `onefold doctor feed`: proves that readers of the log miss nothing.
struct DoctorFeedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "feed",
    abstract: "Prove that whoever follows the log misses nothing, sees nothing twice, and sees everything in order.",
    discussion: """
      Many writers append at once, through several logs and inside transactions of their own, with pauses before the commit and
      rollbacks, while sessions are killed under them. Readers follow live: all events, a category, some types, an owner. In the
      end what each of them saw is held against the log, and so is every acknowledgement.

      Without DATABASE_URL it runs on a private Postgres in a temporary directory, which it also restarts, without a warning. With
      one it makes a database of its own on that server, and drops it afterwards: events cannot be removed from a log, so it
      never touches yours. For that its role must be allowed to create databases; DATABASE_OWNER_URL may name one that is.

      EXAMPLES
        onefold doctor feed
        onefold doctor feed --events 1000000 --writers 32 --seed 7
        DATABASE_URL=postgresql://… onefold doctor feed --events 20000

      EXIT STATUS
        0  nothing was skipped, reordered, duplicated or lost
        1  something was; its positions are listed
      """)

  @Option(help: "How many events to append, at least.") var events = 100_000
  @Option(help: "How many writers append at once.") var writers = 64
  @Option(help: "Decides what the writers do and who is killed. Without it, one is drawn.") var seed: UInt64?
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard events > 0 else { throw ValidationError("--events must be at least 1.") }
    guard (1...1000).contains(writers) else { throw ValidationError("--writers must be from 1 to 1000.") }
  }

  func run() async throws {
    let settings = try await common.settings()
    let logger = settings.startLogging()
    let report = try await withInterruption {
      let database = try await TrialDatabase.make(settings, connections: writers, logger: logger)
      let result: Result<FeedReport, any Error>
      do { result = .success(try await hold(on: database)) } catch { result = .failure(error) }
      // Escapes the cancellation of an interrupted trial, whose database must go all the same.
      await Task { await database.remove() }.value
      return try result.get()
    }
    show(report)
    if !report.holds { throw ExitCode.failure }
  }

  private func hold(on database: TrialDatabase) async throws -> FeedReport {
    var trial = FeedTrial(
      database: database.application, seed: seed ?? .random(in: 0...UInt64(UInt32.max)), logger: database.logger)
    trial.events = events
    trial.writers = writers
    trial.disturbances = database.disturbances
    if let limit = database.connectionLimit { trial.connectionLimit = limit }
    let bar = ProgressBar(title: "Appending", totalItems: events, unit: "events")
    trial.progress = { count in bar.update { $0.items = max($0.items, count) } }
    return try await withThrowingTaskGroup(of: Void.self) { [trial] group in
      group.addTask { await bar.run() }
      defer { group.cancelAll() }
      return try await trial.run()
    }
  }

  private func show(_ report: FeedReport) {
    let disturbed = report.disturbed.sorted { $0.key < $1.key }.map { "\(Format.count($0.value)) \($0.key)" }
    let parts =
      [
        "\(Format.count(report.events)) events", "\(report.writers) writers",
        "\(Format.count(report.rolledBack)) rollbacks",
      ] + disturbed + ["seed \(report.seed)", Format.duration(report.duration / .seconds(1))]
    Terminal.write(parts.joined(separator: " · "))
    for reading in report.readings {
      Terminal.write("  read \(reading.name): \(Format.count(reading.count)) events")
    }
    Terminal.write(report.summary)
    for failure in report.failures { Terminal.write("FAILED: \(failure)") }
  }
}
