// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Domain
import Foundation

/// `onefold push`: sends a directory, skips what the server has, shows what was saved.
struct PushCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push",
    abstract: "Send the files below a directory to a server.",
    discussion: """
      Files that the server has under the same path with the same bytes are not sent again, so an interrupted push
      is gone on with by running it again. Symbolic links are not followed.

      The password is taken from ONEFOLD_PASSWORD, or asked for.

      EXAMPLES
        onefold push ~/Pictures --email ada@example.org
        onefold push /usr/share/doc --server https://files.example.org --email ada@example.org --prefix machines/web1/doc
        ONEFOLD_PASSWORD=… onefold push . --email ada@example.org --concurrency 32 --no-wait

      EXIT STATUS
        0  everything is on the server
        1  some files could not be sent (they are listed)
        130  interrupted; run it again to go on
      """)

  @Argument(help: "The directory to send.", completion: .directory)
  var directory: String

  @Option(help: "The path on the server below which the files appear. (default: the directory's own name)")
  var prefix: String?

  @Flag(inversion: .prefixedNo, help: "Wait until the server has matched every file, and show what was saved.")
  var wait = true

  @OptionGroup(title: "The server") var remote: RemoteOptions

  func run() async throws {
    let password = try remote.password()
    let root = URL(filePath: directory).standardizedFileURL
    let prefix = remote.prefix(prefix, of: root)
    let tree = try LocalTree(of: root, prefix: prefix)
    for (path, reason) in tree.skipped.prefix(20) { Terminal.writeError("left out: \(path): \(reason)\n") }
    let outcome: Result<PushRun.Outcome, any Error>
    do {
      outcome = .success(
        try await remote.withClient(password: password) { client in
          try await push(tree, prefix: prefix, client: client)
        })
    } catch {
      outcome = .failure(error)
    }
    try report(outcome, tree: tree)
  }

  private func push(_ tree: LocalTree, prefix: String, client: ServerClient) async throws -> PushRun.Outcome {
    var known: [PathKey: ServerClient.RemoteFile] = [:]
    try await client.files(prefix: prefix) { known[PathKey($0.path)] = $0 }
    let bar = ProgressBar(title: "Sending", totalItems: tree.files.count, totalBytes: tree.bytes)
    let pushRun = PushRun(client: client, tree: tree, concurrency: remote.concurrency, bulk: tree.files.count > 100)
    let outcome = try await ProgressBar.showing(bar) { bar in try await pushRun.run(known: known, progress: bar) }
    if wait { try await settle(client, position: outcome.position) }
    return outcome
  }

  /// Waits until no job of the account is open, then shows what was saved.
  private func settle(_ client: ServerClient, position: Int64) async throws {
    let first = try await client.jobCounts(at: position)
    if first.open > 0 {
      let bar = ProgressBar(title: "Matching", totalItems: first.open)
      try await ProgressBar.showing(bar) { bar in
        var open = first.open
        while open > 0 {
          try await Task.sleep(for: .milliseconds(250))
          open = try await client.jobCounts(at: position).open
          let done = first.open - open
          bar.update { $0.items = max(0, done) }
        }
      }
    }
    let savings = try await client.savings(at: position)
    let groups = try await client.duplicateGroups(at: position)
    let kept = savings.logicalBytes - savings.storedBytes
    Terminal.write(
      """
      \(Format.bytes(kept)) you don't have to keep, of \(Format.bytes(savings.logicalBytes)) in \(Format.count(Int(savings.files))) files
        identical files  \(Format.bytes(savings.savedByDuplicates)) in \(Format.count(groups)) groups
        compression      \(Format.bytes(savings.savedByCompression))
        on disk          \(Format.bytes(savings.storedBytes))
      """)
  }

  private func report(_ outcome: Result<PushRun.Outcome, any Error>, tree: LocalTree) throws {
    switch outcome {
    case .failure(is CancellationError):
      Terminal.writeError("Interrupted. What was sent stays; run the same command again to go on.\n")
      throw ExitCode(130)
    case .failure(let error): throw error
    case .success(let outcome):
      Terminal.write(
        "Sent \(Format.count(outcome.sent)) files (\(Format.bytes(outcome.sentBytes))); "
          + "\(Format.count(outcome.unchanged)) were there already.")
      guard !outcome.failures.isEmpty else { return }
      for (path, reason) in outcome.failures.prefix(20) { Terminal.writeError("not sent: \(path): \(reason)\n") }
      Terminal.writeError(
        "\(Format.count(outcome.failures.count)) of \(Format.count(tree.files.count)) files could not be sent.\n")
      throw ExitCode.failure
    }
  }
}
