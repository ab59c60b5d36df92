// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import Postgres

/// `onefold seal`: seals by hand, and the keys.
struct SealCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Seal what the log has now, and manage seal keys.",
    discussion: """
      A seal is a signed statement about a range of events; `onefold verify` checks the log against them. `up`, and `project` where a
      key is configured, seal by themselves.

      EXAMPLES
        onefold seal                                   seal everything that is not sealed yet, now
        onefold seal public-key                        what to give to those who verify
        onefold seal new-key /etc/onefold/seal-key     a key for ONEFOLD_SEAL_KEY_FILE
      """,
    subcommands: [SealNowCommand.self, SealPublicKeyCommand.self, SealNewKeyCommand.self],
    defaultSubcommand: SealNowCommand.self)
}

/// `onefold seal`, by itself.
struct SealNowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "now",
    abstract: "Seal everything that is not sealed yet. (default)",
    discussion: """
      EXAMPLES
        onefold seal
        DATABASE_URL=… ONEFOLD_SEAL_KEY_FILE=/etc/onefold/seal-key onefold seal

      EXIT STATUS
        0  everything is sealed
        1  it is not; the reason is printed
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var seals: SealOptions

  func run() async throws {
    let settings = try await common.settings(seals.flags).findingServices()
    guard let keys = try settings.sealKeys() else {
      throw CommandError(
        "Which key? Set ONEFOLD_SEAL_KEY_FILE (or --seal-key-file), or name the --data-dir of `onefold up`.")
    }
    let pool = PostgresPool(
      configuration: PostgresConfiguration(url: try settings.requiredDatabaseURL(), role: ApplicationRole.name),
      size: 1,
      logger: settings.startLogging())
    let result: Result<[Seal], any Error>
    do {
      result = .success(try await Sealer.sealNow(pool: pool, keys: keys, copyPath: settings.sealsFile))
    } catch {
      result = .failure(error)
    }
    await pool.close()
    let made = try result.get()
    guard let first = made.first, let last = made.last else { return Terminal.write("Everything is sealed already.") }
    Terminal.write(
      "Sealed positions \(Format.count(Int(first.first.rawValue))) to \(Format.count(Int(last.last.rawValue))), "
        + (made.count == 1 ? "seal \(first.number)." : "seals \(first.number) to \(last.number)."))
  }
}

/// `onefold seal public-key`.
struct SealPublicKeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "public-key",
    abstract: "Print the public half of the seal key: what verifying needs.",
    discussion: """
      Give it to those who verify over a way that an attacker of this server does not have: it is what they believe.

      EXAMPLES
        onefold seal public-key --data-dir /srv/onefold
        onefold seal public-key --seal-key-file /etc/onefold/seal-key
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var seals: SealOptions

  func run() async throws {
    guard let keys = try await common.settings(seals.flags).sealKeys() else {
      throw CommandError("There is no seal key: set ONEFOLD_SEAL_KEY_FILE, or name the --data-dir of `onefold up`.")
    }
    Terminal.write(keys.current.publicKey.description)
    if let next = keys.next { Terminal.write("\(next.publicKey)   (next)") }
  }
}

/// `onefold seal new-key`.
struct SealNewKeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new-key",
    abstract: "Write a new seal key to a file, and print its public half.",
    discussion: """
      The file is for its owner alone (0600) and must not exist yet. Whoever has it can rewrite the log unseen: keep it where the
      sealer runs, and a copy where nobody else comes.

      EXAMPLES
        onefold seal new-key /etc/onefold/seal-key
        onefold seal new-key --keep /etc/onefold/seal-key     at each start: a key that is there stays
      """)

  @Flag(help: "Leave a key that is there as it is, and print its public half.")
  var keep = false

  @Argument(help: "The file to write.", completion: .file())
  var file: String

  func run() throws {
    let isThere = keep && FileManager.default.fileExists(atPath: file)
    let key = isThere ? try SealKeyFile.read(file) : try SealKeyFile.create(file)
    Terminal.write(key.publicKey.description)
  }
}
