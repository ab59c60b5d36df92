// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Logging

/// `onefold doctor`: looks whether everything is as Onefold needs it.
struct DoctorCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check configuration, connections, versions, privileges, disk, clocks and what else Onefold stands on.",
    discussion: """
      Says for each finding what to do about it. Changes nothing but a small file in the blob store, which it removes again.
      Give it the settings of the role that has trouble: what it checks are those.

      EXAMPLES
        onefold doctor
        onefold doctor --data-dir /srv/onefold --json
        DATABASE_URL=… REDIS_URL=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold doctor

      EXIT STATUS
        0  nothing is wrong; there may be notes
        1  something does not work, or is about to lose something
      """)

  @Flag(help: "One JSON document instead of text.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    var logger = settings.startLogging()
    // What it finds, it says itself.
    logger.logLevel = .critical
    let findings = await Checkup(settings: settings, logger: logger).run()
    if json {
      Terminal.write(try JSONText.encode(findings))
    } else {
      let failures = findings.count { $0.verdict == .fail }
      let notes = findings.count { $0.verdict == .note }
      Terminal.write(findings.map(\.line).joined(separator: "\n"))
      Terminal.write(
        failures + notes == 0
          ? "\nEverything is as it should be." : "\n\(failures) failed, \(notes) to think about.")
    }
    guard !findings.contains(where: { $0.verdict == .fail }) else { throw ExitCode.failure }
  }
}
