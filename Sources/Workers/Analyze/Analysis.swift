// SPDX-License-Identifier: Apache-2.0

import BlobStore
import DedupEngine
import Domain
import EventStore
import Foundation
import Parsing

/// What came out of one job, and how it is told to the log.
struct Analysis: Sendable {
  let item: AnalyzeJob.Item
  /// Nil when file and content are both gone.
  let settled: SettledBlob?
  private let original: UUID?
  private let sketched: ContentSketcher.Outcome
  /// Whether the content may resemble others of the owner, of whose files this is the first with it.
  private let isComparable: Bool

  /// - Parameter sketched: without a sketch when the content has none, or when nobody needs it.
  /// - Throws: why the content is not settled, unless it is gone with its file.
  init(
    item: AnalyzeJob.Item, verdict: DuplicateVerdict, settled: Result<SettledBlob, any Error>,
    sketched: ContentSketcher.Outcome
  ) throws {
    self.item = item
    self.sketched = sketched
    isComparable = verdict == .unique && !sketched.sketches.isEmpty
    switch (settled, verdict) {
    case (.success(let blob), _): self.settled = blob
    case (.failure(BlobStoreError.notFound), .removed): self.settled = nil
    case (.failure(let error), _): throw error
    }
    if case .duplicate(let original) = verdict { self.original = original } else { original = nil }
  }

  var isDuplicate: Bool { original != nil }

  /// One append, whole or not at all. Its event ids follow from the job.
  ///
  /// - Parameter tellsContent: whether the log may not know the content yet.
  func appends(tellsContent: Bool) throws -> [StreamAppend] {
    let (job, file) = (item.job, item.file)
    var appends: [StreamAppend] = []
    if tellsContent, let settled {
      let analyzed = ContentAnalyzed(
        digest: file.digest, size: settled.size, storedBytes: settled.storedBytes, codec: settled.codec)
      // Nobody's event: whoever has the content, others' feeds must not tell of it.
      var event = try job.event(analyzed, named: "analyzed")
      event.owner = nil
      event.correlationId = nil
      var events = [event]
      for sketch in sketched.sketches {
        var event = try job.event(
          ContentSketched(file.digest, sketch, form: sketched.form), named: "sketched \(sketch.algorithm.rawValue)")
        event.owner = nil
        event.correlationId = nil
        events.append(event)
      }
      appends.append(StreamAppend(stream: AnalyzeJob.stream(of: file.digest), expected: .noStream, events: events))
    }
    if let original {
      let groupId = DuplicateMatched.groupId(owner: item.owner, digest: file.digest)
      let matched = DuplicateMatched(
        groupId: groupId, digest: file.digest, size: file.size, fileId: file.fileId, originalId: original)
      appends.append(
        StreamAppend(
          stream: StreamName(category: "duplicates", id: groupId), expected: .any,
          events: [try job.event(matched, named: "matched")]))
    }
    if isComparable { appends.append(try comparison()) }
    let succeeded = JobSucceeded(
      jobId: job.id, kind: job.entry.kind, fileId: file.fileId, digest: file.digest, size: file.size,
      storedBytes: settled?.storedBytes ?? 0, unreadable: sketched.unreadable)
    appends.append(job.append(try job.event(succeeded, named: "succeeded")))
    return appends
  }

  /// Queues the job that compares the content with the owner's others. It comes after the sketch in the log, or with it: of two contents that
  /// are compared at the same time, the one whose job was queued later finds the other.
  private func comparison() throws -> StreamAppend {
    let (job, file) = (item.job, item.file)
    let id = job.id.derived("compare")
    let queued = JobQueued(
      jobId: id, kind: .compare, jobClass: .bulk, fileId: file.fileId,
      arguments: [CompareJob.digestArgument: file.digest.description])
    var event = try job.event(queued, named: "compare")
    event.id = id
    return StreamAppend(stream: OpenJob.stream(of: id), expected: .noStream, events: [event])
  }
}
