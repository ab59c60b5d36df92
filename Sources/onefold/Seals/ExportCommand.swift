// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Postgres

/// `onefold export`: the stored log as a file.
struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the whole log, exactly as stored, with its seals, as lines of JSON.",
    discussion: """
      One snapshot, while the log goes on. `onefold verify FILE` checks it anywhere, with a public key alone. A name that ends in .lz4
      is compressed (lz4 -d reads it); - writes to standard output. A file appears under its name when it is whole.

      EXAMPLES
        onefold export log.ndjson.lz4
        DATABASE_URL=… onefold export - | ssh elsewhere 'cat > log.ndjson'

      EXIT STATUS
        0  written
        1  not written; the reason is printed
        130  interrupted
      """)

  @Argument(help: "The file to write, or - for standard output.", completion: .file())
  var file: String

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let database = PostgresConfiguration(
      url: try settings.requiredDatabaseURL(), applicationName: "onefold export", role: ApplicationRole.name)
    let export = LogExport(configuration: database, logger: settings.startLogging())
    let sink = try ExportSink(path: file)
    do {
      let summary = try await withInterruption {
        try await ProgressBar.showing(ProgressBar(title: "Exporting", totalItems: 0, unit: "events")) { bar in
          try await export.run(
            write: { try sink.write($0) },
            progress: { events, head in
              bar.update {
                $0.items = Int(events)
                $0.totalItems = Int(head)
              }
            })
        }
      }
      try sink.finish()
      Terminal.writeError(
        "Exported \(Format.count(Int(summary.events))) events and \(Format.count(Int(summary.seals))) seals.\n")
    } catch {
      sink.abandon()
      let wasCancelled = error is CancellationError || (error as? PostgresError)?.code == .cancelled
      throw wasCancelled ? ExitCode(130) : error
    }
  }
}
