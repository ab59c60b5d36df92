// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Backup
import Foundation

/// `onefold restore`: an installation from a backup, in an empty place.
struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore",
    abstract: "Make an installation from a backup, in an empty place; or prove that it could be made.",
    discussion: """
      Checks the files of the backup, loads log, accounts and keys, brings the bytes, and folds every read table. With a data
      directory it makes one for `onefold up`; with DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL and ONEFOLD_BLOBS_DIR it fills those, which
      must be empty.

      --drill does all that in a directory that it throws away, with servers of its own, compares every read table with what it
      was when the backup was made, and reads every content. Run it now and then: a backup that was never restored is none.

      The secret that wraps the keys of personal data comes from ONEFOLD_KEY_SECRET, from the backup if its secrets are in it
      (backup --with-secrets), or from --secrets.

      EXAMPLES
        onefold restore /mnt/backup/onefold --data-dir /srv/onefold
        onefold restore /mnt/backup/onefold --drill
        onefold restore /mnt/backup/onefold --drill --secrets /srv/onefold/secrets --json
        DATABASE_URL=… DATABASE_OWNER_URL=… REDIS_URL=… ONEFOLD_BLOBS_DIR=/srv/blobs ONEFOLD_KEY_SECRET=… onefold restore /mnt/backup/onefold

      EXIT STATUS
        0  restored; at a drill, everything is as it was
        1  not restored
        2  restored, and something is not as it was
      """)

  @Argument(help: "The directory of the backup.", completion: .directory)
  var directory: String

  @Flag(help: "Prove that it can be restored, and throw the result away.")
  var drill = false

  @Option(help: "A directory with the secrets of the installation.", completion: .directory)
  var secrets: String?

  @Flag(help: "One JSON document instead of text.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings()
    let source = URL(filePath: directory).standardizedFileURL
    let restoring: Restoring
    do {
      restoring = Restoring(
        restore: try Restore(from: source), source: source, secrets: secrets.map { URL(filePath: $0) },
        logger: settings.startLogging())
    } catch let error as BackupError {
      throw CommandError(error.description)
    }
    let report: RestoreReport
    do {
      report = try await withInterruption { [drill] in
        try await StageBars().showing { bars in
          drill ? try await restoring.drill(settings, bars) : try await restoring.restore(settings, bars)
        }
      }
    } catch is CancellationError {
      throw ExitCode(130)
    } catch let error as BackupError {
      throw CommandError(error.description)
    }
    Terminal.write(json ? try JSONText.encode(report) : report.text)
    if !report.isAsItWas { throw ExitCode(2) }
  }
}
