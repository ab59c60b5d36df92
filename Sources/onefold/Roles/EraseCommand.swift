// SPDX-License-Identifier: Apache-2.0

import Accounts
import ArgumentParser
import Domain
import EventStore
import Foundation

/// `onefold erase`: forgets a person.
struct EraseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Forget a person: their files, their sign-in, and what the log tells of them.",
    discussion: """
      Removes every file of the account, deletes its sign-in, and destroys the key under which the log holds the person's address
      and the paths of their files. The log stays whole: events, order, counts and seals. It cannot be undone.

      Bytes that nobody else refers to are removed from the disk after the time that onefold.reclaimGrace gives, by a running
      server. What Postgres keeps for a while in dead rows and old write-ahead log, and what clears it: docs/operations.md.

      An erasure that was cut off is finished by a running server, or by giving the command again.

      EXAMPLES
        onefold erase ada@example.org
        onefold erase 0193497e-5f00-7a3c-9c1b-6f1d2e3a4b01 --yes
        DATABASE_URL=… REDIS_URL=… ONEFOLD_KEY_SECRET=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold erase ada@example.org --yes
      """)

  @Argument(help: "The account's email address, or its id.")
  var account: String

  @Flag(help: "Do not ask for confirmation.")
  var yes = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    try settings.requireKeySecret()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<Erasure, any Error>
    do { result = .success(try await erase(settings, connections)) } catch { result = .failure(error) }
    await connections.close()
    Self.show(try result.get())
  }

  private func erase(_ settings: Settings, _ connections: Connections) async throws -> Erasure {
    try await connections.keys.check()
    let ledger = FileLedger(log: connections.log, index: ProjectionFileIndex(pool: connections.pool))
    let reclaimer = connections.reclaimer(settings, blobs: try await settings.openBlobs(connections))
    let eraser = connections.eraser(ledger, reclaimer)
    guard let id = try await eraser.account(named: account) else {
      throw CommandError("There is no account \"\(account)\".")
    }
    guard try yes || confirm(id) else { throw CommandError("Nothing was erased.") }
    return try await eraser.erase(id)
  }

  private func confirm(_ id: UUID) throws -> Bool {
    guard Terminal.canAsk else {
      throw CommandError("Nobody is there to confirm it: say --yes to erase account \(id.text).")
    }
    Terminal.writeError("Erase account \(id.text) (\(account)), its files and its history, for good? Type \"erase\": ")
    return readLine() == "erase"
  }

  private static func show(_ erasure: Erasure) {
    Terminal.write(
      "Erased account \(erasure.accountId.text) at position \(erasure.position): "
        + "\(Format.count(erasure.files)) files, \(Format.bytes(erasure.bytes)).")
    if let condemned = erasure.condemned {
      Terminal.write(
        "\(Format.bytes(condemned.bytes)) on disk that nobody else refers to go after \(condemned.until.formatted(.iso8601))."
      )
    } else {
      Terminal.write("A running server finds out which bytes on disk nobody else refers to, and removes them.")
    }
    if erasure.eventsInTheClear > 0 {
      Terminal.write(
        "\(Format.count(erasure.eventsInTheClear)) events from before version 2 hold addresses or paths in the clear, "
          + "which cannot be forgotten.")
    }
  }
}
