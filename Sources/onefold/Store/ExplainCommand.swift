// SPDX-License-Identifier: Apache-2.0

import Accounts
import ArgumentParser
import BlobStore
import Domain
import EventStore
import Foundation
import Projections

/// `onefold explain`: why bytes are kept, or when they go.
struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why a content is kept, in which form, or when it goes.",
    discussion: """
      Of a digest, or of the contents of all files with a path, whoever owns them. Nothing is changed.

      EXAMPLES
        onefold explain sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        onefold explain photos/2024/beach.jpg
        onefold explain "$(sha256sum beach.jpg | cut -d' ' -f1)"

      EXIT STATUS
        0  there was something to say
        1  no such content, or no file with that path
      """)

  @Argument(help: "A digest, or a file's path in Onefold.")
  var subject: String

  @OptionGroup var common: CommonOptions

  private static let limit = 20

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<String, any Error>
    do { result = .success(try await explanation(settings, connections)) } catch { result = .failure(error) }
    await connections.close()
    Terminal.write(try result.get())
  }

  private func explanation(_ settings: Settings, _ connections: Connections) async throws -> String {
    let contents = ContentViews(pool: connections.pool)
    let digests: [Digest]
    if let digest = Digest(subject) ?? Digest("sha256:\(subject)") {
      digests = [digest]
    } else {
      digests = try await contents.digests(ofPath: subject, limit: Self.limit)
      guard !digests.isEmpty else { throw CommandError("No file has the path \"\(subject)\".") }
    }
    let store = try await settings.openBlobs(connections)
    let reclaimer = connections.reclaimer(settings, blobs: store)
    var parts: [String] = []
    for digest in digests {
      parts.append(try await explain(digest, settings, connections, store, contents, reclaimer))
    }
    return parts.joined(separator: "\n\n")
  }

  private func explain(
    _ digest: Digest, _ settings: Settings, _ connections: Connections, _ store: any ExaminedBlobStore,
    _ contents: ContentViews, _ reclaimer: Reclaimer
  ) async throws -> String {
    let stream = StreamName(category: "content", id: digest.hex)
    let first = try await connections.log.read(stream: stream, after: 0, limit: 1).first
    let last = try await connections.log.lastEvents(of: [stream])[stream]
    let forms = try await store.forms(of: digest)
    let files = try await contents.files(of: digest) ?? 0
    guard first != nil || !forms.isEmpty || files > 0 else {
      throw CommandError("There is no content \(digest), and there was none.")
    }
    var lines = ["\(digest)"]
    if let size = try? await store.size(of: digest) { lines.append("  \(Format.bytes(size))") }
    if let first { lines.append("  analysed first at \(first.recordedAt.rfc3339)") }
    lines += forms.map { "  kept \(Self.text($0.form))\($0.isCondemned ? ", condemned" : "")" }
    if forms.isEmpty { lines.append("  not kept any more") }
    if let last, last.type == ContentReclaimed.eventType { lines.append("  removed at \(last.recordedAt.rfc3339)") }
    if files > 0 {
      lines.append("  because \(files == 1 ? "this file has it" : "\(Format.count(Int(files))) files have it"):")
      for holder in try await contents.holders(of: digest, limit: Self.limit) {
        lines.append("    \(holder.path) of account \(holder.owner.text), \(holder.isLive ? "live" : "in the trash")")
      }
      if files > Int64(Self.limit) { lines.append("    and \(Format.count(Int(files) - Self.limit)) more") }
    } else if !forms.isEmpty {
      lines.append(
        "  no file has it: " + Self.fate(try await reclaimer.candidate(digest), grace: settings.reclaimGrace))
    }
    return lines.joined(separator: "\n")
  }

  private static func fate(_ candidate: Reclaimer.Candidate?, grace: Duration) -> String {
    guard let candidate else {
      return "it is an upload under way, or the next hourly sweep finds that nothing needs it"
    }
    guard let condemnedAt = candidate.condemnedAt else {
      return "it is condemned with the next pass of the job \"reclaim\""
    }
    let end = condemnedAt.addingTimeInterval(grace / .seconds(1))
    return "it goes with the first pass of the job \"reclaim\" after \(end.rfc3339), unless it is uploaded again"
  }

  private static func text(_ form: BlobForm) -> String {
    switch form {
    case .raw(let bytes): "as it came, \(Format.bytes(bytes)), to be settled"
    case .file(let bytes, let isCompressed): "as a file\(isCompressed ? ", compressed" : ""), \(Format.bytes(bytes))"
    case .chunks(let count, let packs, let bytes, let ownBytes):
      "as \(Format.count(count)) chunks in \(Format.count(packs)) packs, \(Format.bytes(bytes)); "
        + "\(Format.bytes(ownBytes)) of it are no part of any other content"
    }
  }
}
