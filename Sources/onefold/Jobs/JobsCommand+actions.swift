// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import Foundation
import Jobs
import Projections

/// What is done to jobs, singly or to all dead letters with one cause.
extension JobsCommand {
  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Cancel jobs that are still to be done; one that runs stops at its next step and leaves nothing.",
      discussion: """
        EXAMPLES
          onefold jobs cancel 0193497e-5f00-7a3c-9c1b-6f1d2e3a4b05 --reason "uploaded by mistake"

        EXIT STATUS
          1  some could not be cancelled (they are listed)
        """)

    @Argument(help: "Ids of jobs.", transform: identifier) var ids: [UUID]
    @Option(help: "Stays in the log.") var reason: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await JobsCommand.perform(JobControl.Command(.cancel, reason: reason), "cancelled", on: ids, common)
    }
  }

  struct Requeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have dead, cancelled or discarded jobs done again, from their first attempt.",
      discussion: """
        A job that waits for its next attempt is tried at once.

        EXAMPLES
          onefold jobs requeue 0193497e-5f00-7a3c-9c1b-6f1d2e3a4b05
          onefold jobs requeue --fingerprint analyze:blob.full --class bulk --reason "disk replaced"

        EXIT STATUS
          1  some could not be requeued (they are listed)
        """)

    @OptionGroup var which: Which
    @Option(
      name: .customLong("class"), help: "Where they are queued. (default: where they were)", transform: choice)
    var jobClass: JobClass?
    @Option(help: "Stays in the log.") var reason: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await which.perform(JobControl.Command(.requeue, jobClass: jobClass, reason: reason), "requeued", common)
    }
  }

  struct Discard: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put dead letters away: nothing more is to be done about them.",
      discussion: """
        EXAMPLES
          onefold jobs discard --fingerprint analyze:blob.damaged --reason "restored from backup by hand"

        EXIT STATUS
          1  some could not be discarded (they are listed)
        """)

    @OptionGroup var which: Which
    @Option(help: "Stays in the log.") var reason: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await which.perform(JobControl.Command(.discard, reason: reason), "discarded", common)
    }
  }

  /// Some jobs, or the dead letters with one cause.
  struct Which: ParsableArguments {
    @Argument(help: "Ids of jobs.", transform: identifier) var ids: [UUID] = []
    @Option(help: "All dead letters with this cause (`onefold jobs dead`).") var fingerprint: String?

    func validate() throws {
      guard ids.isEmpty != (fingerprint == nil) else { throw ValidationError("Name jobs by id, or a --fingerprint.") }
    }

    func perform(_ command: JobControl.Command, _ done: String, _ common: CommonOptions) async throws {
      guard let fingerprint else { return try await JobsCommand.perform(command, done, on: ids, common) }
      try await withConnections(common) { connections in
        let control = JobControl(log: connections.log, jobs: JobViews(pool: connections.pool))
        var count = 0
        var after: String?
        repeat {
          let part = try await control.perform(
            command, onDeadLettersOf: fingerprint, after: after, by: .terminal)
          count += part.jobs
          after = part.next
        } while after != nil
        Terminal.write(
          count == 0 ? "There are no dead letters with this cause." : "\(Format.count(count)) jobs \(done).")
      }
    }
  }

  private static func perform(
    _ command: JobControl.Command, _ done: String, on ids: [UUID], _ common: CommonOptions
  ) async throws {
    try await withConnections(common) { connections in
      let control = JobControl(log: connections.log, jobs: JobViews(pool: connections.pool))
      var failures = 0
      for id in ids {
        do {
          let position = try await control.perform(command, on: id, by: .terminal)
          Terminal.write("\(id.text): \(done), position \(position)")
        } catch let error as JobControlError {
          failures += 1
          Terminal.writeError("\(id.text): \(error)\n")
        }
      }
      if failures > 0 { throw ExitCode.failure }
    }
  }
}

extension Asker {
  /// Whoever has a shell on the machine; there are no accounts.
  static let terminal = Asker(account: nil)
}
