// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EventStore
import Foundation
import NIOPosix
import Postgres

/// `onefold verify`: is the past what it was when it was sealed?
struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check a log, an export or a single proof against its seals.",
    discussion: """
      Every event of every sealed range is hashed and compared, every root, link and signature is checked, and positions must be
      dense. What was changed is named by its position.

      Needs a public key and nothing secret. With --seals, a copy of the seals that whoever owns the database cannot rewrite, it also
      finds what was cut off the end, and names the events when all seals were made anew.

      EXAMPLES
        onefold verify --data-dir /srv/onefold
        DATABASE_URL=… onefold verify --public-key ed25519:8f14… --seals /mnt/elsewhere/seals.ndjson
        onefold verify log.ndjson.lz4 --public-key ed25519:8f14…
        onefold verify --proof event-1204.json --public-key ed25519:8f14…

      EXIT STATUS
        0  everything is as it was sealed
        1  it could not be checked
        2  something is not; it is listed
        130  interrupted
      """)

  @Argument(help: "An export, as `onefold export` writes it. None: the live log.", completion: .file())
  var export: String?

  @Option(help: "Whom to believe: ed25519:<hex>. Several times for several. (default: the key in the data directory)")
  var publicKey: [String] = []

  @Option(help: "A copy of the seals.", completion: .file())
  var seals: String?

  @Option(help: "Check the inclusion proof in this file, and nothing else.", completion: .file())
  var proof: String?

  @Flag(help: "Print the result as JSON.")
  var json = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let wrong = publicKey.first(where: { SealPublicKey($0) == nil }) {
      throw ValidationError("\"\(wrong)\" is not a public key: ed25519: and 64 hex digits.")
    }
    if proof != nil, export != nil || seals != nil {
      throw ValidationError("--proof takes neither an export nor --seals.")
    }
  }

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let keys = try trusted(settings)
    if let proof { return try VerifiedProof(file: proof, keys: keys).show(asJSON: json) }
    let report: VerifyReport
    do {
      report = try await withInterruption { [self] in
        try await ProgressBar.showing(ProgressBar(title: "Verifying", totalItems: 0, unit: "events")) { bar in
          try await verify(settings, keys, bar)
        }
      }
    } catch is CancellationError {
      throw ExitCode(130)
    } catch let error as PostgresError where error.code == .cancelled {
      throw ExitCode(130)
    }
    try show(report)
    guard report.isIntact else { throw ExitCode(2) }
  }

  private func trusted(_ settings: Settings) throws -> Set<SealPublicKey> {
    let given = Set(publicKey.compactMap { SealPublicKey($0) })
    if !given.isEmpty { return given }
    guard let keys = try settings.sealKeys() else {
      throw CommandError(
        "Whom to believe? Name the --public-key, as `onefold seal public-key` prints it where the log is sealed.")
    }
    return Set([keys.current.publicKey] + [keys.next?.publicKey].compactMap(\.self))
  }

  private func verify(
    _ settings: Settings, _ keys: Set<SealPublicKey>, _ bar: ProgressBar
  ) async throws -> VerifyReport {
    let progress: @Sendable (Int64, Int64) -> Void = { events, head in
      bar.update {
        $0.items = Int(events)
        $0.totalItems = Int(head)
      }
    }
    if let export {
      let file = try ExportSource(path: export)
      let verification = ExportVerification(trusting: keys, copyPath: seals)
      return try await NIOThreadPool.singleton.runIfActive {
        let file = file
        return try verification.run(
          read: {
            try Task.checkCancellation()
            return try file.next()
          }, progress: progress)
      }
    }
    let database = PostgresConfiguration(
      url: try settings.requiredDatabaseURL(), applicationName: "onefold verify", role: ApplicationRole.name)
    return try await LogVerification(
      configuration: database, trusting: keys, copyPath: seals, logger: settings.startLogging()
    ).run(progress: progress)
  }

  private func show(_ report: VerifyReport) throws {
    guard !json else { return Terminal.write(try JSONText.encode(report)) }
    for finding in report.findings.prefix(100) { Terminal.write("TAMPERED  \(finding)") }
    let more = max(0, report.findings.count - 100) + report.furtherFindings
    if more > 0 { Terminal.write("TAMPERED  and \(Format.count(more)) more: --json lists them.") }
    let verdict = report.isIntact ? "Intact" : "NOT INTACT"
    Terminal.write(
      "\(verdict): \(Format.count(Int(report.events))) events under \(Format.count(Int(report.seals))) seals, "
        + "through position \(Format.count(Int(report.sealedThrough)))"
        + (report.sealedAt.map { ", sealed \($0)" } ?? "") + ".")
    if report.unsealed > 0 {
      Terminal.write("Not sealed yet, so not checked: the last \(Format.count(Int(report.unsealed))) events.")
    }
    if let through = report.copyThrough {
      Terminal.write("The copy of the seals reaches position \(Format.count(Int(through))).")
    } else {
      Terminal.write("Without --seals, events cut off the end together with their seals would not show.")
    }
  }
}

/// The proof of one event, checked offline.
private struct VerifiedProof {
  let proof: InclusionProof
  let keys: Set<SealPublicKey>

  private struct Shown: Encodable {
    let position: Int64
    let stream: String
    let version: Int64
    let type: String
    let recordedAt: Date
    let payload: String
    let seal: Int64
    let sealedAt: String
    let key: String
  }

  init(file: String, keys: Set<SealPublicKey>) throws {
    self.keys = keys
    do {
      proof = try JSONDecoder().decode(InclusionProof.self, from: Data(contentsOf: URL(filePath: file)))
    } catch is DecodingError {
      throw CommandError("\(file) is no inclusion proof.")
    }
  }

  func show(asJSON: Bool) throws {
    do {
      let event = try proof.verified(by: keys)
      let shown = Shown(
        position: event.position.rawValue, stream: event.stream.description, version: event.version, type: event.type,
        recordedAt: event.recordedAt, payload: String(decoding: event.payload, as: UTF8.self), seal: proof.seal.number,
        sealedAt: proof.seal.sealedAt.description, key: proof.seal.key.description)
      guard !asJSON else { return Terminal.write(try JSONText.encode(shown)) }
      Terminal.write(
        """
        Proved: position \(shown.position) is version \(shown.version) of \(shown.stream), a \(shown.type)
          payload  \(shown.payload)
          sealed   \(shown.sealedAt), seal \(shown.seal), by \(shown.key)
        """)
    } catch let error as InclusionProofError {
      Terminal.write("NOT PROVED: \(error)")
      throw ExitCode(2)
    }
  }
}

/// JSON for programs that read what a command prints.
enum JSONText {
  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
