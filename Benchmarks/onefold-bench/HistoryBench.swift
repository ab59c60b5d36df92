// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Logging
import Postgres

/// Fills an empty log with a synthetic history, by COPY and not by appending: a million events in seconds.
struct HistoryBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "Fill an empty log with events as uploads make them; prints events a second.",
    discussion: """
      EXAMPLES
        onefold-bench history --url postgresql://… --events 1000000
      """)

  @Option(help: "A database with the log's tables, as their owner.") var url: String
  @Option(help: "How many events.") var events = 100_000
  @Option(help: "How many accounts upload.") var owners = 50
  @Option(help: "The same seed gives the same history.") var seed: UInt64 = 1

  func run() async throws {
    let logger = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })
    let connection = try await PostgresConnection.connect(
      PostgresConfiguration(url: url, statementTimeout: nil), logger: logger)
    let rate = try await Rate.measure {
      try await connection.transaction { connection in
        let head = try await connection.query("SELECT position FROM log.head FOR UPDATE").first?.decode(
          0, as: Int64.self)
        guard head == 0 else { throw ValidationError("The log is not empty.") }
        let rows = Rows(history: SyntheticHistory(owners: owners, seed: seed), limit: events)
        let count = try await connection.copyIn(
          """
          COPY log.event (
            position, version, recorded_at, id, owner, actor, schema_version, stream, type, payload
          ) FROM STDIN (FORMAT binary)
          """, rows: rows
        ) { row, writer in
          let event = row.event
          writer.row(
            row.position, row.version, row.at, event.id, event.owner, event.actor, Int16(event.schemaVersion),
            row.stream.description, event.type, PostgresJSON(event.payload))
        }
        try await connection.execute("UPDATE log.head SET position = \(count)")
        return count
      }
    }
    try await connection.script("VACUUM ANALYZE log.event")
    await connection.close()
    rate.report()
  }

  private struct Row {
    var position: Int64
    var version: Int64
    var at: Date
    var stream: StreamName
    var event: NewEvent
  }

  /// Gives positions, times and versions as the log would.
  private struct Rows: Sequence, IteratorProtocol {
    var history: SyntheticHistory
    let limit: Int
    var position: Int64 = 0
    var waiting: ArraySlice<StreamAppend> = []
    /// Of streams that get more than one event.
    var versions: [StreamName: Int64] = [:]

    init(history: SyntheticHistory, limit: Int) {
      self.history = history
      self.limit = limit
    }

    mutating func next() -> Row? {
      guard position < limit else { return nil }
      if waiting.isEmpty { waiting = (history.next() ?? [])[...] }
      guard let append = waiting.popFirst() else { return nil }
      position += 1
      var version: Int64 = 1
      if append.stream.category == "account" || append.stream.category == "duplicates" {
        version = (versions[append.stream] ?? 0) + 1
        versions[append.stream] = version
      }
      return Row(
        position: position, version: version,
        at: Date(timeIntervalSince1970: 1_700_000_000 + Double(position) / 1000), stream: append.stream,
        event: append.events[0])
    }
  }
}
