// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Audit
import Domain
import EventStore
import Foundation
import Projections

/// `onefold audit`: asks the log what happened, when, by whom.
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Show events of the log: who did what, when, to whose data.",
    discussion: """
      Reads the database itself; no server need run. All conditions that are given must hold. That a question was asked is
      recorded in the log, as the questions of administrators over HTTP are.

      ndjson and csv end with a line that says "end" and how many events there were: what ends without it was cut off.

      EXAMPLES
        onefold audit                                            the 50 newest events
        onefold audit --actor ada@example.org --from 2026-01-31T00:00:00Z
        onefold audit --owner ada@example.org --type file.trashed,file.removed
        onefold audit --stream system-audit                      what was asked before
        onefold audit --text holiday.jpg --limit 10
        onefold audit --category account --format csv > accounts.csv
        onefold audit --follow --category file                   as it happens, until Ctrl-C
      """)

  @Option(help: "Who did it: an account's id or email.")
  var actor: String?
  @Option(help: "Whose data it is about: an account's id or email.")
  var owner: String?
  @Option(name: .customLong("type"), help: ArgumentHelp("Types of events, separated by commas.", valueName: "types"))
  var types: String?
  @Option(
    help: ArgumentHelp(
      "What types say before the dot: account, file, content, duplicates, job, system.", valueName: "name"))
  var category: String?
  @Option(help: ArgumentHelp("One stream, such as file-<id>.", valueName: "name"))
  var stream: String?
  @Option(help: ArgumentHelp("Events of one request.", valueName: "uuid"))
  var correlation: String?
  @Option(help: ArgumentHelp("The first event: its position, or a time (2026-01-31T12:00:00Z).", valueName: "moment"))
  var from: String?
  @Option(help: ArgumentHelp("The last event: its position, or a time.", valueName: "moment"))
  var to: String?
  @Option(help: "Text in the payload, whatever the case of its letters.")
  var text: String?
  @Option(help: "newest or oldest first.")
  var order: Order = .newest
  @Option(help: "table, ndjson or csv.")
  var format: Format = .table
  @Option(
    help: ArgumentHelp("At most so many events (default: 50 in a table, else all; 10 before --follow).", valueName: "n")
  )
  var limit: Int?
  @Flag(help: "Go on with what comes, oldest first, until Ctrl-C.")
  var follow = false

  @OptionGroup var common: CommonOptions

  enum Order: String, ExpressibleByArgument, CaseIterable {
    case newest, oldest

    var recorded: AuditQueried.Order { self == .newest ? .newest : .oldest }
  }

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case table, ndjson, csv

    var recorded: AuditQueried.Format {
      switch self {
      case .table: .table
      case .ndjson: .ndjson
      case .csv: .csv
      }
    }
  }

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more.") }
    if follow, to != nil { throw ValidationError("--follow goes on for ever: leave --to away.") }
    if follow, order == .oldest { throw ValidationError("--follow is oldest first by itself: leave --order away.") }
  }

  func run() async throws {
    let settings = try await common.settings().findingServices()
    try settings.requireKeySecret()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<Void, any Error>
    do {
      result = .success(try await withInterruption { try await answer(connections) })
    } catch is CancellationError {
      result = .success(())
    } catch let error as AuditError {
      result = .failure(CommandError(error.description))
    } catch {
      result = .failure(error)
    }
    await connections.close()
    try result.get()
  }

  private func answer(_ connections: Connections) async throws {
    let auditor = Auditor(pool: connections.pool, log: connections.log)
    let asker = Auditor.Asker(account: nil)
    let output = AuditOutput(format, accounts: QuotaViews(pool: connections.pool))
    output.begin()
    if follow {
      // The newest first, turned round; then what comes after the head that they end at.
      let head = try await connections.log.head()
      var past = filter
      past.to = head.description
      let events = try await newest(limit ?? 10, past, auditor, asker)
      try await output.show(events.reversed())
      try await auditor.follow(filter, after: head, format: format.recorded, by: asker) { try await output.show($0) }
    } else if format == .table || limit != nil {
      let events = try await newest(limit ?? 50, filter, auditor, asker)
      try await output.show(events)
      output.end(given: events.count, through: events.last?.position ?? .start)
    } else {
      let lines: EventFormat = format == .csv ? .csv : .ndjson
      let export = try await auditor.export(filter, order: order.recorded, format: lines, by: asker)
      let end = try await export.run { try await output.show($0) }
      output.end(given: end.given, through: end.through)
    }
  }

  /// The first events in the order asked for, in as many parts as it takes.
  private func newest(
    _ limit: Int, _ filter: AuditFilter, _ auditor: Auditor, _ asker: Auditor.Asker
  ) async throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    var after: String?
    repeat {
      let page = try await auditor.page(
        filter, order: order.recorded, format: format.recorded, after: after, limit: min(500, limit - events.count),
        by: asker)
      events += page.events
      after = page.next
    } while after != nil && events.count < limit
    return events
  }

  private var filter: AuditFilter {
    var filter = AuditFilter()
    filter.actor = actor
    filter.owner = owner
    filter.types = types?.split(separator: ",").map(String.init) ?? []
    filter.category = category
    filter.stream = stream
    filter.correlation = correlation
    filter.from = from
    filter.to = to
    filter.text = text
    return filter
  }
}
