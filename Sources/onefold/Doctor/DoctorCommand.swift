// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `onefold doctor`: looks at what Onefold stands on, and puts promises to the test where it runs.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look whether everything is as Onefold needs it, and put its promises to the test.",
    discussion: """
      EXAMPLES
        onefold doctor                   configuration, connections, versions, privileges, disk, clocks
        onefold doctor feed              does a reader of the log miss anything?
      """,
    subcommands: [DoctorCheckCommand.self, DoctorFeedCommand.self], defaultSubcommand: DoctorCheckCommand.self)
}
