// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
import Foundation

/// Compares a content with the owner's others, and tells the log which it resembles.
public struct CompareJob: JobHandler {
  public let kind = JobKind.compare
  private let log: any EventLog
  private let index: any SimilarityIndex

  /// The job's argument that names the content.
  static let digestArgument = "digest"

  public init(log: any EventLog, index: any SimilarityIndex) {
    self.log = log
    self.index = index
  }

  public func perform(_ jobs: [OpenJob], report: JobReport) async {
    var asked: [(job: OpenJob, question: SimilarityQuestion)] = []
    for job in jobs {
      do {
        asked.append((job, try question(of: job)))
      } catch {
        await report(job, .failure(error))
      }
    }
    let found: [SimilarityQuestion: [SimilarContents]]
    do {
      found = try await index.similar(to: asked.map(\.question))
    } catch {
      await report(asked.map(\.job), .failure(error))
      return
    }
    await withDiscardingTaskGroup { group in
      for (job, question) in asked {
        group.addTask {
          do {
            try job.cancellation.check()
            try await finish(job, question, found[question] ?? [])
            await report(job, .success(()))
          } catch let error as EventLogError {
            await report(job, .failure(JobFailure.ended(error)))
          } catch {
            await report(job, .failure(error))
          }
        }
      }
    }
  }

  private func question(of job: OpenJob) throws -> SimilarityQuestion {
    let queued = try job.cause.decode(JobQueued.self)
    guard let owner = job.entry.owner, let digest = queued.arguments?[Self.digestArgument].flatMap({ Digest($0) })
    else {
      throw JobFailure(.bury, code: "content.unnamed", reason: "The job names no content of anybody.")
    }
    return SimilarityQuestion(owner: owner, digest: digest, position: job.cause.position)
  }

  /// One append, whole or not at all. Its event ids follow from the job.
  private func finish(_ job: OpenJob, _ question: SimilarityQuestion, _ found: [SimilarContents]) async throws {
    var appends: [StreamAppend] = []
    let events = try found.filter { !$0.matches.isEmpty }.map { found in
      try job.event(
        DuplicateNearMatched(digest: question.digest, algorithm: found.algorithm, matches: found.matches),
        named: "matched \(found.algorithm)")
    }
    if !events.isEmpty {
      let id = DuplicateNearMatched.comparisonId(owner: question.owner, digest: question.digest)
      appends.append(
        StreamAppend(stream: StreamName(category: "duplicates", id: id), expected: .any, events: events))
    }
    let count = Set(found.flatMap(\.matches).map(\.digest)).count
    appends.append(try job.completion(count == 0 ? nil : ["similarContents": Int64(count)]))
    _ = try await job.traced { try await log.append(appends) }
  }
}
