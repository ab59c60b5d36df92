// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `onefold doctor`: puts promises to the test, where it runs.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Put Onefold's promises to the test on this machine, or on your database server.",
    subcommands: [DoctorFeedCommand.self])
}
