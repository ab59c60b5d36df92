// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BlobStore
import Domain
import Foundation
import Parsing
import Postgres
import Projections
import Synchronization
import Workers

/// `onefold sketch`: has contents compared that came before the program could compare them.
struct SketchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sketch",
    abstract: "Have contents compared that an earlier version, or one without its parser, did not compare.",
    discussion: """
      After an upgrade that compares more kinds of files, those that are there already are compared with none. This reads them, each once, notes
      in the log by what they are compared, and queues their comparisons, which workers do as ever. Servers may go on meanwhile.
      Interrupted, it is begun again: what is done is passed over.

      EXAMPLES
        onefold sketch --dry-run     how many there are
        onefold sketch
        onefold sketch --all         also those that were compared by this version's rules already
      """)

  @Flag(help: "Say how many contents would be read, and read none.")
  var dryRun = false

  @Flag(help: "Read all contents.")
  var all = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<Void, any Error>
    do { result = .success(try await sketch(settings, connections)) } catch { result = .failure(error) }
    await connections.close()
    try result.get()
  }

  private func sketch(_ settings: Settings, _ connections: Connections) async throws {
    let views = SketchViews(pool: connections.pool)
    let totals = try await views.totals(all: all)
    guard !dryRun else {
      return Terminal.write(
        "\(Format.count(Int(totals.contents))) contents (\(Format.bytes(totals.bytes))) would be read.\n")
    }
    let resketcher = Resketcher(
      log: connections.log, blobs: try await settings.openBlobs(connections),
      parser: Parser(logger: connections.logger),
      views: views)
    let bar = ProgressBar(
      title: "Sketching", totalItems: Int(totals.contents), totalBytes: totals.bytes, unit: "contents")
    var counts = Counts()
    try await ProgressBar.showing(bar) { bar in
      var last: Digest?
      while true {
        let part = try await views.contents(after: last, all: all, limit: 500)
        guard let end = part.last else { return }
        counts += try await outcomes(of: part, resketcher, bar)
        last = end.digest
      }
    }
    Terminal.write(counts.text)
  }

  private struct Counts {
    var read = 0
    var sketched = 0
    var comparisons = 0
    var unreadable = 0

    static func += (left: inout Counts, right: Counts) {
      left.read += right.read
      left.sketched += right.sketched
      left.comparisons += right.comparisons
      left.unreadable += right.unreadable
    }

    var text: String {
      let troubles = unreadable > 0 ? ", \(Format.count(unreadable)) unreadable" : ""
      return """
        \(Format.count(read)) contents read: \(Format.count(sketched)) with new sketches, \
        \(Format.count(comparisons)) comparisons queued\(troubles).

        """
    }
  }

  private func outcomes(
    of part: [ContentViews.HeldContent], _ resketcher: Resketcher, _ bar: ProgressBar
  ) async throws -> Counts {
    let lanes = ProcessInfo.processInfo.activeProcessorCount
    return try await withThrowingTaskGroup(of: Counts.self) { group in
      for lane in 0..<lanes {
        group.addTask {
          var counts = Counts()
          for content in stride(from: lane, to: part.count, by: lanes).map({ part[$0] }) {
            counts += try await outcome(of: content, resketcher)
            bar.update { state in
              state.items += 1
              state.bytes += content.size
            }
          }
          return counts
        }
      }
      return try await group.reduce(into: Counts()) { $0 += $1 }
    }
  }

  private func outcome(of content: ContentViews.HeldContent, _ resketcher: Resketcher) async throws -> Counts {
    var counts = Counts(read: 1)
    do {
      switch try await resketcher.sketch(content.digest, size: content.size) {
      case .unchanged: break
      case .sketched(let comparisons):
        counts.sketched = 1
        counts.comparisons = comparisons
      case .unreadable: counts.unreadable = 1
      }
    } catch let error as BlobStoreError {
      switch error {
      // Removed meanwhile; or for `onefold fsck` to say.
      case .notFound, .damaged: counts.unreadable = 1
      default: throw error
      }
    }
    return counts
  }
}
