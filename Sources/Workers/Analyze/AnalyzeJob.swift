// SPDX-License-Identifier: Apache-2.0

public import BlobStore
public import Domain
public import EventStore
import Foundation
import CoreMetrics
import DedupEngine
import Metrics
public import Parsing
import Tracing

/// Settles the content of an uploaded file, sketches it, and matches it against the owner's other files.
///
/// The result is one append: what is known of the content (once, whoever uploads it), the match if there is one, and the job's success.
/// A file that was removed meanwhile matches nothing; its content is settled all the same, and left to garbage collection.
public struct AnalyzeJob: JobHandler {
  public let kind = JobKind.analyze
  private let log: any EventLog
  private let blobs: any BlobStore
  private let finder: any DuplicateFinder
  private let sketcher: ContentSketcher

  /// - Parameter parser: reads pictures; without one they are not compared.
  public init(log: any EventLog, blobs: any BlobStore, finder: any DuplicateFinder, parser: Parser?) {
    self.log = log
    self.blobs = blobs
    self.finder = finder
    sketcher = ContentSketcher(blobs: blobs, parser: parser)
  }

  /// One job and what it is about.
  struct Item: Sendable {
    let job: OpenJob
    let file: FileUploaded
    let owner: UUID

    init(_ job: OpenJob) throws {
      guard let owner = job.entry.owner else {
        throw JobFailure(.bury, code: "file.ownerless", reason: "The upload is nobody's.")
      }
      self.job = job
      self.owner = owner
      file = try job.cause.decode(FileUploaded.self)
    }
  }

  public func perform(_ jobs: [OpenJob], report: JobReport) async {
    var items: [Item] = []
    for job in jobs {
      do {
        items.append(try Item(job))
      } catch {
        await report(job, .failure(error))
      }
    }
    let byDigest = Dictionary(grouping: items, by: \.file.digest)
    let questions = items.map { item in
      DuplicateQuestion(
        fileId: item.file.fileId, owner: item.owner, digest: item.file.digest, position: item.job.cause.position)
    }
    let known: Set<StreamName>
    do {
      known = Set(try await log.lastEvents(of: byDigest.keys.map(Self.stream(of:))).keys)
    } catch {
      for item in items { await report(item.job, .failure(error)) }
      return
    }
    // Not a child of the contents' tasks because all of them await it; it is cancelled with them below.
    let finding = Task { try await finder.find(questions) }
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        for (digest, items) in byDigest {
          group.addTask {
            await self.analyze(
              digest, items, isKnown: known.contains(Self.stream(of: digest)), finding: finding, report: report)
          }
        }
      }
    } onCancel: {
      finding.cancel()
    }
  }

  /// All jobs of one content: settled once, and told to the log by the first of them.
  private func analyze(
    _ digest: Digest, _ items: [Item], isKnown: Bool,
    finding: Task<[UUID: DuplicateVerdict], any Error>,
    report: JobReport
  ) async {
    let settled: Result<SettledBlob, any Error>
    var sketched = ContentSketcher.Outcome()
    do {
      // Copies that somebody still wants keep the work worth doing.
      if items.allSatisfy(\.job.cancellation.isCancelled) { try items.first?.job.cancellation.check() }
      let blob = try await items[0].job.traced {
        try await withSpan("settle content") { _ in try await blobs.settle(digest) }
      }
      // Of a known content too when it is new to an owner: a comparison must follow from the bytes alone, or it would tell that others have them.
      let isNewToSomebody = try await finding.value.contains { id, verdict in
        verdict == .unique && items.contains { $0.file.fileId == id }
      }
      if !isKnown || isNewToSomebody {
        sketched = try await items[0].job.traced {
          try await withSpan("sketch content") { _ in try await sketcher.sketch(of: digest, size: blob.size) }
        }
      }
      settled = .success(blob)
    } catch {
      settled = .failure(error)
    }
    var isKnown = isKnown
    let made = sketched
    let finish: @Sendable (Item, Bool) async -> Bool = { item, isKnown in
      do {
        let verdict = try await finding.value[item.file.fileId] ?? .removed
        try item.job.cancellation.check()
        let result = try Analysis(item: item, verdict: verdict, settled: settled, sketched: made)
        try await self.append(result, tellsContent: !isKnown)
        await report(item.job, .success(()))
        return true
      } catch {
        await report(item.job, .failure(error))
        return false
      }
    }
    // One after another until the log knows the content, so that copies do not race to tell it; then all at once.
    var rest = items[...]
    while !isKnown, let item = rest.popFirst() { isKnown = await finish(item, false) }
    await withDiscardingTaskGroup { group in
      for item in rest { group.addTask { _ = await finish(item, true) } }
    }
  }

  private func append(_ analysis: Analysis, tellsContent: Bool) async throws {
    do {
      let result = try await analysis.item.job.traced {
        try await log.append(try analysis.appends(tellsContent: tellsContent))
      }
      guard !result.isRepeat else { return }
      WorkerMetrics.filesProcessed.increment()
      if analysis.isDuplicate { WorkerMetrics.duplicatesFound.increment() }
    } catch EventLogError.versionConflict(let stream, _, let current)
      where stream == Self.stream(of: analysis.item.file.digest) && tellsContent && current > 0
    {
      // Another job of the same content was first.
      try await append(analysis, tellsContent: false)
    } catch let error as EventLogError {
      throw JobFailure.ended(error)
    }
  }

  static func stream(of digest: Digest) -> StreamName { StreamName(category: "content", id: digest.hex) }
}
