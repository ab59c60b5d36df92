// SPDX-License-Identifier: Apache-2.0

public import BlobStore
import DedupEngine
public import Domain
public import EventStore
import Foundation
public import Parsing
public import Projections

/// Sketches contents that came before this program could, and has them compared.
public struct Resketcher: Sendable {
  private let log: any EventLog
  private let sketcher: ContentSketcher
  private let views: SketchViews

  public init(log: any EventLog, blobs: any BlobStore, parser: Parser, views: SketchViews) {
    self.log = log
    self.views = views
    sketcher = ContentSketcher(blobs: blobs, parser: parser)
  }

  public enum Outcome: Sendable, Equatable {
    /// Nothing is new, or there is nothing to compare it by.
    case unchanged
    /// New sketches are in the log, and a job for each owner's comparison.
    case sketched(comparisons: Int)
    case unreadable(String)
  }

  /// Done again, it changes nothing.
  ///
  /// - Throws: what reading the blob does, or the log's error.
  public func sketch(_ digest: Digest, size: Int64) async throws -> Outcome {
    let made = try await sketcher.sketch(of: digest, size: size)
    if let reason = made.unreadable { return .unreadable(reason) }
    let known = try await views.signatures(of: digest)
    let new = made.sketches.filter { known[$0.algorithm.rawValue] != $0.signature }
    guard !new.isEmpty else { return .unchanged }
    let sketched = try new.map { try NewEvent(ContentSketched(digest, $0, form: made.form)) }
    let owners = try await views.owners(of: digest)
    let jobs = try owners.map { owner in
      // Two who do this at the same time queue one job. A sketch that others had before is worth another comparison.
      let id = owner.derived("sketched:\(digest):\(new.map { SHA256Hasher.hash($0.signature).hex }.joined())")
      let queued = JobQueued(
        jobId: id, kind: .compare, jobClass: .bulk, arguments: [CompareJob.digestArgument: digest.description])
      return StreamAppend(
        stream: OpenJob.stream(of: id), expected: .noStream, events: [try NewEvent(queued, id: id, owner: owner)])
    }
    do {
      _ = try await log.append(
        [StreamAppend(stream: AnalyzeJob.stream(of: digest), expected: .any, events: sketched)] + jobs)
    } catch EventLogError.versionConflict {
      return .unchanged
    }
    return .sketched(comparisons: owners.count)
  }
}

extension ContentSketched {
  init(_ digest: Digest, _ sketch: Sketch, form: DocumentForm?) {
    self.init(
      digest: digest, algorithm: sketch.algorithm.rawValue, weight: sketch.weight,
      signature: Data(sketch.signature).base64EncodedString(), form: form?.rawValue)
  }
}
