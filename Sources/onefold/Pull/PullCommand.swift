// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `onefold pull`: writes files of an account into a directory, as they are now or were once.
struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Write the files of an account into a directory.",
    discussion: """
      The other way round from push: what was sent with `onefold push ~/Pictures` comes back with \
      `onefold pull ~/Pictures`. Files that are there with the same bytes are not fetched again, so an interrupted \
      pull is gone on with by running it again. A content that many files have comes once. Each is checked against \
      its SHA-256 before it appears under its name, and no file is replaced without --overwrite.

      With --at it writes what there was at a time or at a position of the log, files in the trash since and removed \
      ones too, as long as their bytes are kept.

      The password is taken from ONEFOLD_PASSWORD, or asked for.

      EXAMPLES
        onefold pull ~/Pictures --email ada@example.org
        onefold pull /srv/restored --prefix machines/web1/doc --server https://files.example.org --email ada@example.org
        onefold pull ~/everything --prefix "" --email ada@example.org
        onefold pull ~/Pictures --overwrite --email ada@example.org
        onefold pull ~/last-week --prefix Pictures --at 2026-01-31T12:00:00Z --email ada@example.org

      EXIT STATUS
        0  every file is there
        1  some could not be fetched, or others stand in their place (they are listed)
        130  interrupted; run it again to go on
      """)

  @Argument(help: "The directory to write into. It is made if need be.", completion: .directory)
  var directory: String

  @Option(help: "Fetch the files below this path of the server; \"\" for all. (default: the directory's own name)")
  var prefix: String?

  @Option(help: "Fetch what there was at this time (2026-01-31T12:00:00Z) or position of the log.")
  var at: String?

  @Flag(help: "Replace files that differ from what the server has.")
  var overwrite = false

  @OptionGroup(title: "The server") var remote: RemoteOptions

  func run() async throws {
    let password = try remote.password()
    let root = URL(filePath: directory).standardizedFileURL
    let prefix = remote.prefix(prefix, of: root)
    let outcome: PullRun.Outcome
    do {
      outcome = try await remote.withClient(password: password) { client in
        try await pull(into: root, below: prefix, client)
      }
    } catch is CancellationError {
      Terminal.writeError("Interrupted. What was written stays; run the same command again to go on.\n")
      throw ExitCode(130)
    }
    try report(outcome)
  }

  private func pull(into root: URL, below prefix: String, _ client: ServerClient) async throws -> PullRun.Outcome {
    var files: [ServerClient.RemoteFile] = []
    try await client.files(prefix: prefix, at: at) { files.append($0) }
    guard !files.isEmpty else {
      let place = prefix.isEmpty ? "" : " below \"\(prefix)\""
      throw CommandError("The account has no files\(place)\(at.map { " at \($0)" } ?? ""). Choose another --prefix.")
    }
    let run = PullRun(
      client: client, target: try LocalTarget(root), concurrency: remote.concurrency, overwrite: overwrite, moment: at)
    let comparing = ProgressBar(title: "Comparing", totalItems: files.count)
    let wanted = try await ProgressBar.showing(comparing) { [files] bar in
      try await run.compare(files, below: prefix, progress: bar)
    }
    let bar = ProgressBar(
      title: "Fetching", totalItems: wanted.reduce(0) { $0 + $1.paths.count },
      totalBytes: wanted.reduce(0) { $0 + $1.size * Int64($1.paths.count) })
    try await ProgressBar.showing(bar) { bar in try await run.fetch(wanted, progress: bar) }
    return run.result
  }

  private func report(_ outcome: PullRun.Outcome) throws {
    Terminal.write(
      "Wrote \(Format.count(outcome.fetched)) files (\(Format.bytes(outcome.writtenBytes))); "
        + "\(Format.count(outcome.unchanged)) were there already.")
    guard !outcome.failures.isEmpty else { return }
    for (path, reason) in outcome.failures.prefix(20) { Terminal.writeError("not written: \(path): \(reason)\n") }
    Terminal.writeError("\(Format.count(outcome.failures.count)) files could not be written.\n")
    throw ExitCode.failure
  }
}
