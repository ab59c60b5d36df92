// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to a job. Stream: `job-<jobId>`.
///
/// A job is queued by the event that causes it, `file.uploaded` or `job.queued`: its id is that event's id.
/// The version of the stream is the job's fencing token: a worker that was given up and comes back names an old one, and is refused.
public enum JobEvent: Equatable, Sendable {
  case queued(JobQueued)
  case succeeded(JobSucceeded)
  case completed(JobCompleted)
  case failed(JobFailed)
  case deadLettered(JobDeadLettered)
  case requeued(JobRequeued)
  case cancelled(JobCancelled)
  case discarded(JobDiscarded)
}

public enum JobKind: String, Codable, Sendable, CaseIterable {
  /// Settles the content of an uploaded file and matches it against the owner's other files.
  case analyze
  /// Compares a content with the owner's others, to find those that it resembles.
  case compare
  /// Removes the bytes of contents that no file has any more.
  case reclaim
  /// Removes uploads that were never finished, sessions that have run out and answers that nobody asked for again.
  case sweep
  /// Reads what is kept, to find damage while it can be mended.
  case scrub
  /// Does nothing: shows that jobs are run, and how soon.
  case probe
}

/// A job that no upload causes by itself: one of a schedule, one that somebody asked for, or one that follows from another. The event's id
/// is the job's.
public struct JobQueued: DomainEvent {
  public static let eventType = "job.queued"
  public var jobId: UUID
  public var kind: JobKind
  public var jobClass: JobClass
  public var fileId: UUID?
  public var arguments: [String: String]?
  /// Milliseconds since 1970 from which it may run; absent: at once.
  public var runAt: Int64?
  /// Of the claim that was appended with it; see ``UniqueClaimed``.
  public var uniqueKey: String?
  /// Its share of the tenant's turn, at least 1; absent: 1.
  public var cost: Int?

  public init(
    jobId: UUID, kind: JobKind, jobClass: JobClass, fileId: UUID? = nil, arguments: [String: String]? = nil,
    runAt: Int64? = nil, uniqueKey: String? = nil, cost: Int? = nil
  ) {
    self.jobId = jobId
    self.kind = kind
    self.jobClass = jobClass
    self.fileId = fileId
    self.arguments = arguments
    self.runAt = runAt
    self.uniqueKey = uniqueKey
    self.cost = cost
  }
}

/// A file's job is done, and this came out.
public struct JobSucceeded: DomainEvent {
  public static let eventType = "job.succeeded"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID
  public var digest: Digest
  /// Logical bytes.
  public var size: Int64
  /// Bytes on disk of the content in its final form.
  public var storedBytes: Int64
  /// Why the content, though it begins like a picture or a document, could not be read as one; such contents are compared with no others.
  public var unreadable: String?

  public init(
    jobId: UUID, kind: JobKind, fileId: UUID, digest: Digest, size: Int64, storedBytes: Int64, unreadable: String? = nil
  ) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.digest = digest
    self.size = size
    self.storedBytes = storedBytes
    self.unreadable = unreadable
  }
}

/// A job is done that told nothing of a file.
public struct JobCompleted: DomainEvent {
  public static let eventType = "job.completed"
  public var jobId: UUID
  public var kind: JobKind
  /// What it did, in numbers: `removedBytes` and the like.
  public var counts: [String: Int64]?

  public init(jobId: UUID, kind: JobKind, counts: [String: Int64]? = nil) {
    self.jobId = jobId
    self.kind = kind
    self.counts = counts
  }
}

/// An attempt failed, and another will follow.
public struct JobFailed: DomainEvent {
  public static let eventType = "job.failed"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID?
  /// The attempt that failed, from 1 since the job was queued or requeued.
  public var attempt: Int
  public var reason: String
  /// Milliseconds since 1970 from which the next attempt may start.
  public var retryAt: Int64
  /// Short and constant: equal for failures with one cause.
  public var code: String?
  /// Who tried.
  public var worker: String?
  /// Milliseconds since 1970 when the job could first run since it was queued or requeued: its age is counted from there.
  public var since: Int64?

  public init(
    jobId: UUID, kind: JobKind, fileId: UUID?, attempt: Int, reason: String, retryAt: Int64, code: String? = nil,
    worker: String? = nil, since: Int64? = nil
  ) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.attempt = attempt
    self.reason = reason
    self.retryAt = retryAt
    self.code = code
    self.worker = worker
    self.since = since
  }
}

/// The job will not be tried again by itself.
public struct JobDeadLettered: DomainEvent {
  public static let eventType = "job.deadLettered"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID?
  public var attempts: Int
  public var reason: String
  /// Equal for failures with one cause, so that they can be looked at and requeued together.
  public var fingerprint: String
  /// Who tried last.
  public var worker: String?

  public init(
    jobId: UUID, kind: JobKind, fileId: UUID?, attempts: Int, reason: String, fingerprint: String,
    worker: String? = nil
  ) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.attempts = attempts
    self.reason = reason
    self.fingerprint = fingerprint
    self.worker = worker
  }
}
