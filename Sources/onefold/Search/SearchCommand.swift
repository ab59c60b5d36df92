// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Search

/// `onefold search`: the indexes in OpenSearch.
struct SearchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "See and rebuild the index of similar contents in OpenSearch.",
    discussion: """
      Where OPENSEARCH_URL is set for `project` and `work` (or `up`), similar contents are looked up in OpenSearch. The index there
      follows the log, and is made by itself when it is missing.

      EXAMPLES
        onefold search status
        onefold search rebuild
      """,
    subcommands: [SearchStatusCommand.self, SearchRebuildCommand.self])
}

/// `onefold search status`.
struct SearchStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "How far the indexes have followed the log.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    try await withConnections(common) { connections in
      let head = try await connections.log.head()
      let indexes = try await SearchIndexes(pool: connections.pool).all()
      guard !indexes.isEmpty else {
        Terminal.write(
          "There is no index in OpenSearch. Set OPENSEARCH_URL for the roles project and work to have one.")
        return
      }
      var table = Table("INDEX", "STATE", "POSITION", "BEHIND")
      table.rows = indexes.map { index in
        [
          index.name, index.isLive ? "asked" : "being filled", Format.count(Int(index.position.rawValue)),
          Format.count(Int(max(0, head.rawValue - index.position.rawValue))),
        ]
      }
      Terminal.write(table.text)
    }
  }
}

/// `onefold search rebuild`.
struct SearchRebuildCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rebuild",
    abstract: "Fill a new index from the log beside the one that is asked, and switch.",
    discussion: """
      The role `project` (or `up`) does it, from the beginning of the log, while the old index goes on being asked. This waits until the
      new one has taken its place, and removes the old one. Interrupted, the work goes on; run it again to wait for it.
      """)

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let alias = try await common.settings().openSearchAlias
    try await withConnections(common) { connections in
      let indexes = SearchIndexes(pool: connections.pool)
      let name = try await indexes.rebuild(alias: alias)
      let head = try await connections.log.head().rawValue
      let bar = ProgressBar(title: "Indexing", totalItems: Int(head), unit: "events")
      try await ProgressBar.showing(bar) { bar in
        while true {
          guard let index = try await indexes.all().first(where: { $0.name == name }) else {
            throw CommandError("The index \(name) was given up. Does another installation use the same alias?")
          }
          bar.update { $0.items = min(Int(head), Int(index.position.rawValue)) }
          if index.isLive { return }
          try await Task.sleep(for: .milliseconds(200))
        }
      }
      Terminal.write("\(name) is asked now.")
    }
  }
}
