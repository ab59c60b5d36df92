// SPDX-License-Identifier: Apache-2.0

import Accounts
import ArgumentParser
import BlobStore
import Domain
import Foundation
import Projections

/// `onefold fsck`: reads everything that is kept, and says what is not whole.
struct FsckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fsck",
    abstract: "Check that the bytes of every file are there and whole.",
    discussion: """
      Reads the content of every file, each once, and compares it with its digest; looks at every pack's own index. Servers may go on
      meanwhile. It takes as long as reading all of it takes.

      What is damaged is named with files that have it. Send one of them again, from wherever it is still whole (push does it for a directory;
      an upload of the same bytes under any path): that mends the content for everybody who has it.

      --repair first takes in packs that the index of chunks does not know, and mends what other copies in the store can mend.

      EXAMPLES
        onefold fsck
        onefold fsck --repair
        onefold fsck --json | jq '.damaged[].holders'
        DATABASE_URL=… REDIS_URL=… ONEFOLD_BLOBS_DIR=/srv/blobs onefold fsck

      EXIT STATUS
        0  everything is whole
        1  something is damaged, or missing
      """)

  @Flag(help: "Mend what can be mended, then check.")
  var repair = false

  @Flag(help: "One JSON document instead of text.")
  var json = false

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let settings = try await common.settings().findingServices()
    let connections = try Connections(settings, logger: settings.startLogging())
    let result: Result<StoreReport, any Error>
    do { result = .success(try await check(settings, connections)) } catch { result = .failure(error) }
    await connections.close()
    let report = try result.get()
    Terminal.write(json ? try JSONText.encode(report) : report.text)
    guard report.isWhole else { throw ExitCode.failure }
  }

  private func check(_ settings: Settings, _ connections: Connections) async throws -> StoreReport {
    let store = try await settings.openBlobs(connections)
    let contents = ContentViews(pool: connections.pool)
    var report = StoreReport()
    if repair {
      let found = try await store.findPacks(olderThan: .zero)
      try await connections.reclaimer(settings, blobs: store).offer(found)
      report.found = found.count
    }
    let totals = try await contents.totals()
    let bar = ProgressBar(
      title: "Checking", totalItems: Int(totals.contents), totalBytes: totals.bytes, unit: "contents")
    try await ProgressBar.showing(bar) { bar in try await check(store, contents, bar, &report) }
    if repair { try await store.repairPacks() }
    report.packs = try await store.checkPacks().map { StoreReport.Finding(path: $0.path, reason: $0.reason) }
    report.totals = try await store.chunkTotals()
    let recount = try await store.recount(.all)
    report.recounted = recount.chunks
    report.differences = recount.differences.map(\.description)
    return report
  }

  private func check(
    _ store: any ExaminedBlobStore, _ contents: ContentViews, _ bar: ProgressBar, _ report: inout StoreReport
  ) async throws {
    var last: Digest?
    while true {
      let part = try await contents.held(after: last, limit: 1000)
      guard let end = part.last else { return }
      for (content, reason) in try await verdicts(on: part, store, bar) {
        let holders = try await contents.holders(of: content.digest, limit: 10)
        report.damaged.append(
          .init(
            digest: content.digest.description, size: content.size, reason: reason,
            holders: holders.map { .init(owner: $0.owner.text, path: $0.path) }))
      }
      report.contents += part.count
      report.bytes += part.reduce(0) { $0 + $1.size }
      last = end.digest
    }
  }

  /// What is wrong with which of some contents; as many are read at a time as there are processors.
  private func verdicts(
    on part: [ContentViews.HeldContent], _ store: any ExaminedBlobStore, _ bar: ProgressBar
  ) async throws -> [(ContentViews.HeldContent, String)] {
    let lanes = ProcessInfo.processInfo.activeProcessorCount
    return try await withThrowingTaskGroup(of: [(ContentViews.HeldContent, String)].self) { group in
      for lane in 0..<lanes {
        group.addTask {
          var wrong: [(ContentViews.HeldContent, String)] = []
          for content in stride(from: lane, to: part.count, by: lanes).map({ part[$0] }) {
            if let reason = try await reason(against: content.digest, store) { wrong.append((content, reason)) }
            bar.update { state in
              state.items += 1
              state.bytes += content.size
            }
          }
          return wrong
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.0.digest < $1.0.digest }
    }
  }

  /// Why a content is not whole; nil when it is.
  private func reason(against digest: Digest, _ store: any ExaminedBlobStore) async throws -> String? {
    do {
      if repair { _ = try await store.settle(digest) }
      try await store.verify(digest)
      return nil
    } catch let error as BlobStoreError {
      switch error {
      case .damaged, .notFound: return error.description
      default: throw error
      }
    }
  }
}
