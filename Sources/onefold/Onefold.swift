// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The program: one subcommand for each role, and for what people and operators do by hand.
@main
struct Onefold: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "onefold",
    abstract: "Finds identical files, keeps each byte once, and can always say what happened.",
    discussion: """
      EXAMPLES
        onefold up                                  everything on this machine, at http://localhost:8080
        onefold push ~/Pictures --email YOU@EXAMPLE  send a directory
        onefold pull ~/Pictures --email YOU@EXAMPLE  get it back, also as it was once
        onefold scan ~/Pictures                     find duplicates on this machine, without a server
        onefold status                              how far everything is
        onefold replay all                          rebuild every read table from the log
        onefold jobs                                what waits, runs and failed
        onefold audit --actor YOU@EXAMPLE           who did what, when
        onefold verify                              check the log against its seals
        onefold fsck                                check that all bytes are there and whole
        onefold backup /mnt/backup                  log and bytes into a directory; again: what is new
        onefold restore /mnt/backup --drill         prove that the backup can be restored
      """,
    version: version,
    subcommands: [
      UpCommand.self, ServeCommand.self, WorkCommand.self, ProjectCommand.self, RelayCommand.self, MigrateCommand.self,
      ReplayCommand.self, ParkedCommand.self, AuditCommand.self, SealCommand.self, VerifyCommand.self,
      ExportCommand.self, EraseCommand.self, FsckCommand.self, ExplainCommand.self, SketchCommand.self,
      RetentionCommand.self,
      DoctorCommand.self,
      PushCommand.self, PullCommand.self, ScanCommand.self, BackupCommand.self, RestoreCommand.self, StatusCommand.self,
      JobsCommand.self,
      SearchCommand.self,
      ServicesCommand.self, SettingsCommand.self,
    ])

  static func main() async {
    // Before there are threads.
    MemoryArenas.limit()
    await main(nil)
  }
}

/// `onefold settings`: the table of everything that can be configured.
struct SettingsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "settings",
    abstract: "Print every setting with its flag, environment variable and default, as a table.",
    discussion: """
      EXAMPLES
        onefold settings
        onefold settings --telemetry     the variables of OpenTelemetry that are looked at
      """)

  @Flag(help: "The variables of OpenTelemetry instead.")
  var telemetry = false

  func run() { Terminal.write(telemetry ? Setting.telemetryTable : Setting.table) }
}
