// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Projections

/// `onefold parked`: events that read tables could not take.
struct ParkedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "parked",
    abstract: "List the events that read tables have passed by, and have them tried again.",
    discussion: """
      An event is parked when a read table cannot take it, or when this program does not know its type. Nothing is lost: it
      stands in the log.

      EXAMPLES
        onefold parked
        onefold parked list --projection files
        onefold parked retry files
        onefold parked retry all
      """,
    subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List parked events, the oldest first.",
      discussion: """
        EXAMPLES
          onefold parked list
          onefold parked list --projection unrecognised

        EXIT STATUS
          0  whether there are any or not
        """)

    @Option(help: "Only of this one: \(ProjectionCatalog.names.joined(separator: ", ")).")
    var projection: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
      try await withConnections(common) { connections in
        var after: String?
        var count = 0
        repeat {
          let page = try await ParkedEvents(pool: connections.pool).list(of: projection, limit: 500, after: after)
          for event in page.items { Terminal.write(Self.line(event)) }
          count += page.items.count
          after = page.next
        } while after != nil
        if count == 0 { Terminal.write("Nothing is parked.") }
      }
    }

    private static func line(_ event: ParkedEvent) -> String {
      "\(event.projection)  position \(event.position.rawValue)  \(event.type) v\(event.schemaVersion)  \(event.eventId.text)\n"
        + "  tried \(event.attempts) times, last \(event.lastAt.formatted(.iso8601)): \(event.error)"
    }
  }

  struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have a projection try again what it could not fold.",
      discussion: """
        A projection that has stopped folds the event again in its place. One that has parked events is rebuilt beside the
        live tables by a running `project` role: an event that is folded late, after others, would not give the rows that
        the log says. What still cannot be folded is parked again.

        EXAMPLES
          onefold parked retry files
          onefold parked retry all

        EXIT STATUS
          0  asked for, or there was nothing to try
        """)

    @Argument(help: "\(ProjectionCatalog.names.joined(separator: ", ")), or all.")
    var projection: String
    @OptionGroup var common: CommonOptions

    func validate() throws {
      guard projection == "all" || ProjectionCatalog.names.contains(projection) else {
        throw ValidationError("There is no projection \"\(projection)\".")
      }
    }

    func run() async throws {
      try await withConnections(common) { connections in
        let parked = ParkedEvents(pool: connections.pool)
        let counts = try await parked.counts()
        let stopped = try await CheckpointViews(pool: connections.pool).all().filter { $0.error != nil }.map(\.name)
        let due = ProjectionCatalog.names.filter { counts[$0] != nil || stopped.contains($0) }
        let wanted = projection == "all" ? due : due.filter { $0 == projection }
        for name in wanted {
          switch try await parked.retry(name, by: nil) {
          case .resumed: Terminal.write("\(name): goes on at the event where it had stopped")
          case .rebuilding: Terminal.write("\(name): a rebuild was asked for; `onefold status` shows how far it is")
          }
        }
        if wanted.isEmpty { Terminal.write("Nothing is parked.") }
      }
    }
  }
}
