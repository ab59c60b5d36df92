// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Backup
import Foundation
import Postgres

/// `onefold backup`: what it takes to have this installation again, in a directory.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Write the log and the bytes into a directory, while everything goes on.",
    discussion: """
      Writes events, accounts, keys and blobs as of one position of the log. Given the same directory again, it writes what is
      new and removes what is no longer there; the backup before counts until the new one is whole. Read tables are not in it:
      they follow from the log.

      Two things are not in it, and nothing can be read without the first: ONEFOLD_KEY_SECRET (with `onefold up` the file
      secrets/keys below the data directory) and the key that signs seals. Keep them elsewhere; --with-secrets copies the
      data directory's secrets along, for a place that nobody else may read.

      EXAMPLES
        onefold backup /mnt/backup/onefold
        onefold restore /mnt/backup/onefold --drill          prove that it can be restored
        0 * * * *  onefold backup /mnt/backup/onefold --data-dir /srv/onefold      (crontab)
        DATABASE_OWNER_URL=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold backup /mnt/backup/onefold
      """)

  @Argument(help: "The directory of the backup; made if need be.", completion: .directory)
  var directory: String

  @Flag(
    name: .customLong("no-digests"),
    help: "Do not note what the read tables are. Saves a reading of each; a drill compares less.")
  var skipsDigests = false

  @Flag(help: "Keep bytes that the store no longer has.")
  var keepRemoved = false

  @Flag(help: "Copy the secrets of the data directory along.")
  var withSecrets = false

  @Flag(help: "One JSON document instead of text.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    guard let url = settings.databaseOwnerURL else {
      throw CommandError(
        "Which database? Set DATABASE_OWNER_URL or DATABASE_URL, or name the data directory of a running `onefold up`.")
    }
    let place = URL(filePath: directory).standardizedFileURL
    let backup = Backup(
      of: PostgresConfiguration(url: url, applicationName: "onefold backup"),
      blobs: settings.s3 == nil ? settings.blobsDirectory : nil,
      in: place, version: Onefold.version, options: .init(notesProjections: !skipsDigests, keepsRemoved: keepRemoved),
      logger: settings.startLogging())
    let start = ContinuousClock.now
    let bar = StageBars()
    do {
      let report = try await withInterruption {
        try await bar.showing { bar in try await backup.run { bar.show($0) } }
      }
      if withSecrets { try Secrets.copy(from: Secrets.place(in: settings.dataDirectory), to: place) }
      try show(report, after: start.duration(to: .now))
    } catch is CancellationError {
      throw ExitCode(130)
    } catch let error as BackupError {
      throw CommandError(error.description)
    }
  }

  private struct Summary: Encodable {
    let position: Int64
    let recordedAt: Date
    let newEvents: Int64
    let copiedFiles: Int
    let copiedBytes: Int64
    let removedFiles: Int
    let files: Int
    let bytes: Int64
    let seconds: Double
  }

  private func show(_ report: Backup.Report, after duration: Duration) throws {
    let manifest = report.manifest
    let summary = Summary(
      position: manifest.position, recordedAt: manifest.recordedAt, newEvents: report.newEvents,
      copiedFiles: report.copiedFiles, copiedBytes: report.copiedBytes, removedFiles: report.removedFiles,
      files: manifest.blobs.files, bytes: manifest.blobs.bytes, seconds: duration / .seconds(1))
    guard !json else { return Terminal.write(try JSONText.encode(summary)) }
    Terminal.write(
      """
      Backed up position \(manifest.position), of \(manifest.recordedAt.formatted(.iso8601)), in \(Format.duration(duration / .seconds(1))).
      New: \(Format.count(Int(report.newEvents))) events, \(Format.count(report.copiedFiles)) files (\(Format.bytes(report.copiedBytes))). \
      Removed: \(Format.count(report.removedFiles)) files.
      \(manifest.contentsAreElsewhere == true ? "The bytes are in the bucket, and not in it: keep versions or a copy of the bucket." : "In all: \(Format.count(manifest.blobs.files)) files (\(Format.bytes(manifest.blobs.bytes))).")
      \(withSecrets ? "The secrets are in it: let nobody read it." : "The secrets are not in it: keep ONEFOLD_KEY_SECRET, or secrets/ of the data directory, elsewhere.")
      """)
  }
}
