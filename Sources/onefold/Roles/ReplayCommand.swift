// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import EventStore
import Foundation
import Logging
import Projections

/// `onefold replay`: builds read tables anew from the log, beside the live ones.
struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Rebuild read tables from the log, compare them with the live ones, and switch.",
    discussion: """
      The new tables are built beside the live ones while these go on serving. Then both are compared row for row and the new
      ones take over in one transaction; the old ones are kept until the next replay. Works, too, when the live
      tables were dropped.

      EXAMPLES
        onefold replay all
        onefold replay duplicates
        DATABASE_URL=… REDIS_URL=… onefold replay savings

      EXIT STATUS
        0  rebuilt; equal to what was live, or there was nothing live
        2  rebuilt and switched, but some rows differed (they are listed)
      """)

  @Argument(
    help: "files, duplicates, savings, jobs, quota, or all.", completion: .list(ProjectionCatalog.names + ["all"]))
  var projection: String

  @OptionGroup var common: CommonOptions

  func validate() throws {
    let names = ProjectionCatalog.names
    guard projection == "all" || names.contains(projection) else {
      throw ValidationError(
        "There is no projection \"\(projection)\". There are: \(names.joined(separator: ", ")), all.")
    }
  }

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let wanted = ProjectionCatalog.all.filter { projection == "all" || type(of: $0).name == projection }
    var allEqual = true
    do {
      for projection in wanted {
        let report = try await rebuild(projection, connections)
        Self.show(report)
        if case .different = report.comparison { allEqual = false }
      }
    } catch {
      await connections.close()
      throw error
    }
    await connections.close()
    if !allEqual { throw ExitCode(2) }
  }

  private func rebuild(_ projection: any Projection, _ connections: Connections) async throws -> RebuildReport {
    let head = try await connections.log.head()
    let bar = ProgressBar(title: type(of: projection).name, totalItems: Int(head.rawValue), unit: "events")
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await bar.run() }
      defer { group.cancelAll() }
      return try await Rebuild.run(
        projection, pool: connections.pool, log: connections.log, logger: connections.logger
      ) { progress in
        bar.update { $0.items = Int(progress.position.rawValue) }
      }
    }
  }

  private static func show(_ report: RebuildReport) {
    let rate = Format.count(Int(report.eventsPerSecond))
    var text =
      "\(report.projection): \(Format.count(Int(report.rows))) rows at position \(report.position.rawValue), \(rate) events/s; "
    switch report.comparison {
    case .equal: text += "equal to the live tables (\(report.digest.hex.prefix(16)))"
    case .nothingLive: text += "there was nothing live to compare with (\(report.digest.hex.prefix(16)))"
    case .different(let rows, let first):
      text += "\(Format.count(Int(rows))) rows differ from the live tables"
      for difference in first {
        text +=
          "\n  \(difference.table)\n    live:    \(difference.live ?? "–")\n    rebuilt: \(difference.rebuilt ?? "–")"
      }
    }
    Terminal.write(text)
  }
}
