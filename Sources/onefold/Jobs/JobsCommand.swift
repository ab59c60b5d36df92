// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import Foundation
import Jobs
import Projections

/// `onefold jobs`: what the queues hold, and everything that can be done about it.
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs",
    abstract: "Look at jobs and queues; pause, drain, limit, cancel, requeue, discard.",
    discussion: """
      Talks to the database (and, for what is under way, to Redis) itself; no server need run. Whatever is done is an event
      in the log. docs/jobs.md says what to do about each state.

      EXAMPLES
        onefold jobs                                    what waits, runs and failed, by class and kind
        onefold jobs list --state retrying
        onefold jobs dead                               dead letters by cause
        onefold jobs requeue --fingerprint analyze:blob.full
        onefold jobs pause --class bulk --reason "nightly backup"
        onefold jobs drain --kind analyze               pause, and wait until nothing of it runs
        onefold jobs limit --tenant ada@example.org --weight 2
      """,
    subcommands: [
      Stats.self, List.self, Show.self, Dead.self, Cancel.self, Requeue.self, Discard.self, Pause.self, Resume.self,
      Drain.self, Limit.self,
    ], defaultSubcommand: Stats.self)

  struct Stats: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show each queue: what waits, runs, failed, how old the oldest is, and what is paused or limited.",
      discussion: """
        EXAMPLES
          onefold jobs stats
          onefold jobs stats --json | jq '.queues[] | select(.counts.dead > 0)'
        """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let stats = try await QueueStats(connections)
        Terminal.write(output.json ? try jsonText(stats) : stats.text)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List jobs, those that were queued last first.",
      discussion: """
        EXAMPLES
          onefold jobs list --state dead
          onefold jobs list --owner ada@example.org --limit 500 --json
          onefold jobs list --fingerprint analyze:blob.damaged
        """)

    @Option(
      help: "Only of this state: \(JobItem.State.allCases.map(\.rawValue).joined(separator: ", ")).", transform: choice)
    var state: JobItem.State?
    @Option(help: "Only of this account: its id or email.")
    var owner: String?
    @Option(help: "Only dead letters with this cause.")
    var fingerprint: String?
    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit = 50
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard limit > 0 else { throw ValidationError("--limit must be 1 or more.") }
      if fingerprint != nil, let state, state != .dead {
        throw ValidationError("--fingerprint is for dead letters.")
      }
    }

    func run() async throws {
      try await withConnections(common) { connections in
        let jobs = JobViews(pool: connections.pool)
        var filter = JobFilter(state: state, fingerprint: fingerprint)
        if let owner { filter.owner = try await connections.account(owner) }
        var items: [JobItem] = []
        var after: String?
        repeat {
          let page = try await jobs.list(filter, limit: min(500, limit - items.count), after: after)
          items += page.items
          after = page.next
        } while after != nil && items.count < limit
        if output.json { return try items.forEach { Terminal.write(try jsonText(JobLine($0))) } }
        guard !items.isEmpty else { return Terminal.write("There are no such jobs.") }
        var table = Table("JOB", "KIND", "CLASS", "STATE", "ATTEMPTS", "QUEUED", "ABOUT")
        for job in items {
          table.rows.append([
            job.id.text, job.kind.rawValue, job.jobClass.rawValue, job.state.rawValue, "\(job.attempts)",
            job.queuedAt.rfc3339, [job.path, job.error].compactMap { $0 }.joined(separator: ": "),
          ])
        }
        Terminal.write(table.text)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one job with its failed attempts.",
      discussion: """
        EXAMPLES
          onefold jobs show 0193497e-5f00-7a3c-9c1b-6f1d2e3a4b05

        EXIT STATUS
          1  there is no such job
        """)

    @Argument(help: "The job's id.", transform: identifier) var id: UUID
    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let jobs = JobViews(pool: connections.pool)
        guard let job = try await jobs.job(id) else { throw CommandError(JobControlError.unknownJob.description) }
        let line = JobLine(job, attempts: try await jobs.attempts(of: id))
        Terminal.write(output.json ? try jsonText(line) : line.text)
      }
    }
  }

  struct Dead: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show dead letters, by cause.",
      discussion: """
        EXAMPLES
          onefold jobs dead
          onefold jobs list --fingerprint analyze:blob.damaged     the jobs behind one line
        """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        let groups = try await JobViews(pool: connections.pool).deadGroups()
        if output.json { return try groups.forEach { Terminal.write(try jsonText(DeadLine($0))) } }
        let strays = (try? await StrayEntries(in: connections.redis)).flatMap { $0.count > 0 ? $0 : nil }
        guard !groups.isEmpty || strays != nil else { return Terminal.write("There are no dead letters.") }
        var table = Table("FINGERPRINT", "JOBS", "FIRST", "LAST", "REASON")
        for group in groups {
          table.rows.append([
            group.fingerprint, Format.count(Int(group.jobs)), group.firstAt.rfc3339, group.lastAt.rfc3339, group.reason,
          ])
        }
        if let strays {
          table.rows.append([
            StrayEntries.fingerprint, Format.count(strays.count), strays.firstAt?.rfc3339 ?? "",
            strays.lastAt?.rfc3339 ?? "", strays.reason ?? "",
          ])
        }
        Terminal.write(table.text)
      }
    }
  }
}

/// How results are written.
struct OutputOptions: ParsableArguments {
  @Flag(help: "JSON, one object a line, for programs.") var json = false
}

/// One of the cases of a type, by its name.
func choice<T: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> T {
  guard let value = T(rawValue: text) else {
    throw ValidationError("\"\(text)\" is none of: \(T.allCases.map(\.rawValue).joined(separator: ", ")).")
  }
  return value
}

func identifier(_ text: String) throws -> UUID {
  guard let id = UUID(uuidString: text) else { throw ValidationError("\"\(text)\" is no job's id.") }
  return id
}
