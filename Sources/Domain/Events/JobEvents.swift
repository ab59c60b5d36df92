// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// What may happen to a job. Stream: `job-<jobId>`.
///
/// A job is queued by the event that causes it: its id is that event's id, and its position is that event's position.
/// The version of the stream is the job's fencing token: a worker that was given up and comes back names an old one, and is refused.
public enum JobEvent: Equatable, Sendable {
  case succeeded(JobSucceeded)
  case failed(JobFailed)
  case deadLettered(JobDeadLettered)
}

public enum JobKind: String, Codable, Sendable, CaseIterable {
  /// Settles the content of an uploaded file and matches it against the owner's other files.
  case analyze
}

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

  public init(jobId: UUID, kind: JobKind, fileId: UUID, digest: Digest, size: Int64, storedBytes: Int64) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.digest = digest
    self.size = size
    self.storedBytes = storedBytes
  }
}

public struct JobFailed: DomainEvent {
  public static let eventType = "job.failed"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID
  /// The attempt that failed, from 1.
  public var attempt: Int
  public var reason: String
  /// Milliseconds since 1970 from which the next attempt may start.
  public var retryAt: Int64

  public init(jobId: UUID, kind: JobKind, fileId: UUID, attempt: Int, reason: String, retryAt: Int64) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.attempt = attempt
    self.reason = reason
    self.retryAt = retryAt
  }
}

/// The job will not be tried again by itself.
public struct JobDeadLettered: DomainEvent {
  public static let eventType = "job.deadLettered"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID
  public var attempts: Int
  public var reason: String
  /// Equal for failures with one cause, so that they can be looked at and requeued together.
  public var fingerprint: String

  public init(jobId: UUID, kind: JobKind, fileId: UUID, attempts: Int, reason: String, fingerprint: String) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.attempts = attempts
    self.reason = reason
    self.fingerprint = fingerprint
  }
}
