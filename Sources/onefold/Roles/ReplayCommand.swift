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
      The new tables are built beside the live ones while these go on serving, several at the same time from one reading of
      the log. Then both are compared row for row and the new ones take over in one transaction. Works, too, when the live
      tables were dropped.

      The old tables are kept for a while (ONEFOLD_ROLLBACK_WINDOW). --rollback folds into them what has
      happened since, makes them live again, and keeps the others instead.

      EXAMPLES
        onefold replay all
        onefold replay files duplicates
        onefold replay --rollback files
        DATABASE_URL=… REDIS_URL=… onefold replay savings

      EXIT STATUS
        0  rebuilt; equal to what was live, or there was nothing live
        1  one could not be rebuilt; its live tables are as they were
        2  rebuilt and switched, but some rows differed (they are listed)
      """)

  @Argument(
    help: "\(ProjectionCatalog.names.joined(separator: ", ")), or all.",
    completion: .list(ProjectionCatalog.names + ["all"]))
  var projections: [String]

  @Flag(help: "Return to the tables that the last replay replaced.")
  var rollback = false

  @Flag(help: "Park events that the live tables hold and this program cannot fold, instead of giving up at them.")
  var park = false

  @OptionGroup var project: ProjectOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    let names = ProjectionCatalog.names
    for name in projections where name != "all" && !names.contains(name) {
      throw ValidationError("There is no projection \"\(name)\". There are: \(names.joined(separator: ", ")), all.")
    }
  }

  func run() async throws {
    let settings = try await common.settings(project.flags).findingServices()
    try settings.requireKeySecret()
    let connections = try Connections(settings, logger: settings.startLogging())
    let all = projections.contains("all")
    let wanted = ProjectionCatalog.all.filter { all || projections.contains(type(of: $0).name) }
    let result: Result<Int32, any Error>
    do {
      result = .success(
        rollback ? try await rollBack(wanted, connections) : try await rebuild(wanted, settings, connections))
    } catch { result = .failure(error) }
    await connections.close()
    let status = try result.get()
    if status != 0 { throw ExitCode(status) }
  }

  private func rollBack(_ projections: [any Projection], _ connections: Connections) async throws -> Int32 {
    for projection in projections {
      let name = type(of: projection).name
      try await Rebuild.rollBack(name, pool: connections.pool, log: connections.log)
      let position = try await CheckpointViews(pool: connections.pool).checkpoint(name)?.position ?? .start
      Terminal.write("\(name): the earlier tables are live again, at position \(position.rawValue)")
    }
    return 0
  }

  private func rebuild(
    _ projections: [any Projection], _ settings: Settings, _ connections: Connections
  ) async throws -> Int32 {
    let names = projections.map { type(of: $0).name }
    let head = try await connections.log.head()
    let width = names.map(\.count).max() ?? 0
    let bars = Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, ProgressBar(title: $0, titleWidth: width, totalItems: Int(head.rawValue), unit: "events"))
      })
    let results = try await withInterruption {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await ProgressBars(names.compactMap { bars[$0] }).run() }
        defer { group.cancelAll() }
        return await Rebuild.run(
          projections, pool: connections.pool, log: connections.log,
          options: .init(onPoison: settings.onPoison, parksMore: park), logger: connections.logger
        ) { progress in
          bars[progress.projection]?.update {
            $0.items = Int(progress.position.rawValue)
            $0.note = progress.state == .folding ? "" : progress.state.rawValue
          }
        }
      }
    }
    var status: Int32 = 0
    for (name, result) in zip(names, results) {
      switch result {
      case .success(let report):
        Self.show(report)
        if case .different = report.comparison { status = max(status, 2) }
      case .failure(let error):
        Terminal.writeError("\(name): not rebuilt, the live tables are as they were: \(error)\n")
      }
    }
    return results.contains { if case .failure = $0 { true } else { false } } ? 1 : status
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
    if report.parked > 0 { text += "; \(Format.count(report.parked)) events parked" }
    Terminal.write(text)
  }
}
