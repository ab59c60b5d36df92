// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// A job that the log calls open, taken up by this process.
public struct OpenJob: Sendable, Equatable {
  /// That of the event which queued it first.
  public let id: UUID
  public let entry: JobEntry
  /// What the job is about: the event that queued it first.
  public internal(set) var cause: RecordedEvent
  public let fileId: UUID?
  /// The last version of the job's stream, 0 when it has no event: the fencing token. Whoever ends the job names it, so of two
  /// workers that hold the same job one is refused.
  public let version: Int64
  /// This attempt, from 1.
  public let attempt: Int
  /// When it could first run, since it was queued or queued again.
  public let since: Date
  /// Whether somebody still wants it. Handlers ask before each step that takes long.
  public let cancellation = JobCancellation()

  init(_ queued: QueuedJob, cause: RecordedEvent, version: Int64, attempt: Int, since: Date) {
    id = queued.id
    entry = queued.entry
    fileId = queued.fileId
    self.cause = cause
    self.version = version
    self.attempt = attempt
    self.since = since
  }

  public static func stream(of job: UUID) -> StreamName { StreamName(category: "job", id: job) }

  /// An event of this job with an id that follows from the job and a name: appended once, however often the job runs.
  public func event(_ event: some DomainEvent, named name: String) throws -> NewEvent {
    try NewEvent(
      event, id: id.derived(name), owner: entry.owner, correlationId: cause.correlationId, causationId: cause.id)
  }

  /// The end, or the next step, of the job's own stream.
  public func append(_ event: NewEvent) -> StreamAppend {
    StreamAppend(stream: Self.stream(of: id), expected: .exactly(version), events: [event])
  }

  /// The end of a job that is about no file.
  public func completion(_ counts: [String: Int64]? = nil) throws -> StreamAppend {
    append(try event(JobCompleted(jobId: id, kind: entry.kind, counts: counts), named: "completed"))
  }
}
