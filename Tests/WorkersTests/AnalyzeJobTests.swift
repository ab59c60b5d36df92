// SPDX-License-Identifier: Apache-2.0

import BlobStore
import Domain
import EventStore
import Foundation
import Testing

@testable import Workers

struct AnalyzeJobTests {
  let material = Material()
  let reports = Reports()

  func perform(_ jobs: [OpenJob], finder: FixedFinder = FixedFinder()) async {
    let handler = AnalyzeJob(log: material.log, blobs: material.blobs, finder: finder, parser: nil)
    await handler.perform(jobs, report: reports.report)
  }

  func last(_ stream: StreamName) async throws -> RecordedEvent {
    try #require(try await material.log.lastEvents(of: [stream])[stream])
  }

  @Test func tellsTheContentAndTheSuccessInOneAppend() async throws {
    let entry = try await material.upload("hello")
    let jobs = try await material.open(entry)
    await perform(jobs)
    #expect(reports.allSucceeded(jobs))
    #expect(try await material.types() == ["file.uploaded", "content.analyzed", "job.succeeded"])

    let cause = try #require(try await material.log.events(at: [entry.position]).first)
    let digest = try cause.decode(FileUploaded.self).digest
    let content = try await last(AnalyzeJob.stream(of: digest))
    #expect(try content.decode(ContentAnalyzed.self).size == 5)
    #expect(content.owner == nil && content.correlationId == nil, "a content's event must not tell whose it is")
    let success = try await last(OpenJob.stream(of: entry.id))
    #expect(try success.decode(JobSucceeded.self).fileId == entry.fileId)
    #expect(success.owner == material.owner)
    #expect(success.causationId == cause.id && success.correlationId == cause.correlationId)
  }

  @Test func earlierFileOfTheOwnerMakesAMatch() async throws {
    let original = try await material.upload("same")
    let copy = try await material.upload("same")
    let jobs = try await material.open(original, copy)
    await perform(jobs, finder: FixedFinder(verdicts: [copy.fileId: .duplicate(of: original.fileId)]))
    #expect(reports.allSucceeded(jobs))
    let types = try await material.types()
    #expect(types.count { $0 == "content.analyzed" } == 1)
    #expect(types.count { $0 == "duplicates.exactMatched" } == 1)
    #expect(types.count { $0 == "job.succeeded" } == 2)
    let events = try await material.log.read(after: .start, limit: 100, filter: .category("duplicates"))
    let match = try #require(events.first).decode(DuplicateMatched.self)
    #expect(match.fileId == copy.fileId && match.originalId == original.fileId)
    #expect(events.first?.stream.id == DuplicateMatched.groupId(owner: material.owner, digest: match.digest).text)
  }

  @Test func hundredCopiesInOneBatchTellTheContentOnce() async throws {
    var entries: [JobEntry] = []
    for number in 0..<100 {
      entries.append(try await material.upload("same", owner: number % 3 == 0 ? .v7() : nil).entry)
    }
    let jobs = try await material.open(entries)
    await perform(jobs)
    #expect(reports.allSucceeded(jobs))
    let types = try await material.types()
    #expect(types.count { $0 == "content.analyzed" } == 1)
    #expect(types.count { $0 == "job.succeeded" } == 100)
  }

  @Test func repeatedJobAddsNothing() async throws {
    let jobs = try await material.open(try await material.upload("once"))
    await perform(jobs)
    let before = try await material.types()
    let again = Reports()
    await AnalyzeJob(log: material.log, blobs: material.blobs, finder: FixedFinder(), parser: nil)
      .perform(jobs, report: again.report)
    #expect(try await material.types() == before)
  }

  /// The second worker sees another state of the owner's files, so its result differs from the one in the log.
  @Test(arguments: [true, false])
  func twoWorkersWithOneJobEndItOnce(firstFindsTheOriginal: Bool) async throws {
    let original = try await material.upload("same")
    let copy = try await material.upload("same")
    let jobs = try await material.open(copy)
    let match = FixedFinder(verdicts: [copy.fileId: .duplicate(of: original.fileId)])
    await perform(jobs, finder: firstFindsTheOriginal ? match : FixedFinder())
    #expect(reports.allSucceeded(jobs))
    let before = try await material.types()
    let second = Reports()
    let handler = AnalyzeJob(
      log: material.log, blobs: material.blobs, finder: firstFindsTheOriginal ? FixedFinder() : match,
      parser: nil)
    await handler.perform(jobs, report: second.report)
    #expect(try await material.types() == before)
    if !firstFindsTheOriginal { #expect(second.failure(of: jobs[0])?.remedy == .stale) }
  }

  @Test func contentThatAnotherJobToldMeanwhileIsNoConflict() async throws {
    let first = try await material.open(try await material.upload("same"))
    let second = try await material.open(try await material.upload("same"))
    async let one: Void = perform(first)
    async let two: Void = perform(second)
    _ = await (one, two)
    #expect(reports.allSucceeded(first + second))
    #expect(try await material.types().count { $0 == "content.analyzed" } == 1)
  }

  @Test func removedFileMatchesNothingAndItsContentIsSettled() async throws {
    let entry = try await material.upload("gone")
    let jobs = try await material.open(entry)
    await perform(jobs, finder: FixedFinder(verdicts: [entry.fileId: .removed]))
    #expect(reports.allSucceeded(jobs))
    #expect(try await material.types() == ["file.uploaded", "content.analyzed", "job.succeeded"])
  }

  @Test func fileThatIsGoneWithItsContentSucceedsWithNothing() async throws {
    let entry = try await material.upload("gone", storing: false)
    let jobs = try await material.open(entry)
    await perform(jobs, finder: FixedFinder(verdicts: [entry.fileId: .removed]))
    #expect(reports.allSucceeded(jobs))
    #expect(try await material.types() == ["file.uploaded", "job.succeeded"])
  }

  @Test func missingContentIsNotTriedAgain() async throws {
    let good = try await material.upload("good")
    let bad = try await material.upload("bad", storing: false)
    let jobs = try await material.open(good, bad)
    await perform(jobs)
    #expect(reports.failure(of: jobs[0]) == nil)
    #expect(reports.failure(of: jobs[1])?.remedy == .bury)
    #expect(reports.failure(of: jobs[1])?.code == "blob.notFound")
    #expect(try await material.types().count { $0 == "job.succeeded" } == 1)
  }

  @Test func projectionThatIsBehindCostsNoAttempt() async throws {
    let jobs = try await material.open(try await material.upload("early"))
    await perform(jobs, finder: FixedFinder(error: JobFailure(.wait, code: "projection.behind", reason: "behind")))
    #expect(reports.failure(of: jobs[0])?.remedy == .wait)
    #expect(try await material.types() == ["file.uploaded"])
  }

  @Test func cancelledJobLeavesNothing() async throws {
    let jobs = try await material.open(try await material.upload("unwanted"))
    jobs[0].cancellation.cancel()
    await perform(jobs)
    #expect(reports.failure(of: jobs[0])?.remedy == .stale)
    #expect(try await material.types() == ["file.uploaded"])
  }

  @Test func otherCauseIsADeadLetter() async throws {
    let entry = try await material.upload("x")
    var job = try #require(try await material.open(entry).first)
    job.cause.type = "file.trashed"
    await perform([job])
    #expect(reports.failure(of: job)?.remedy == .bury)
  }
}
