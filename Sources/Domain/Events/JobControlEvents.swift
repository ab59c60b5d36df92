// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Somebody has a dead letter, or a cancelled job, tried again: from its first attempt, in the class that is named here.
public struct JobRequeued: DomainEvent {
  public static let eventType = "job.requeued"
  public var jobId: UUID
  public var kind: JobKind
  public var jobClass: JobClass
  public var fileId: UUID?
  /// Where the log has the event that queued the job first. A job that waits knows its position only, and from here finds its cause.
  public var causePosition: Int64
  public var reason: String?
  /// As when it was queued; absent: 1.
  public var cost: Int?

  public init(
    jobId: UUID, kind: JobKind, jobClass: JobClass, fileId: UUID? = nil, causePosition: Int64, reason: String? = nil,
    cost: Int? = nil
  ) {
    self.jobId = jobId
    self.kind = kind
    self.jobClass = jobClass
    self.fileId = fileId
    self.causePosition = causePosition
    self.reason = reason
    self.cost = cost
  }
}

/// Somebody does not want the job any more. One that runs is stopped at its next step, and its result is refused.
public struct JobCancelled: DomainEvent {
  public static let eventType = "job.cancelled"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID?
  public var reason: String?

  public init(jobId: UUID, kind: JobKind, fileId: UUID? = nil, reason: String? = nil) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.reason = reason
  }
}

/// Somebody has looked at a dead letter and put it away.
public struct JobDiscarded: DomainEvent {
  public static let eventType = "job.discarded"
  public var jobId: UUID
  public var kind: JobKind
  public var fileId: UUID?
  public var reason: String?

  public init(jobId: UUID, kind: JobKind, fileId: UUID? = nil, reason: String? = nil) {
    self.jobId = jobId
    self.kind = kind
    self.fileId = fileId
    self.reason = reason
  }
}

/// A job has taken a key that only one job of certain states may hold. Stream: `unique-<id that follows from the key>`.
///
/// Appended with the job's `job.queued`, at the version of the stream that was seen: of two that want the key, one is refused and looks again.
public struct UniqueClaimed: DomainEvent {
  public static let eventType = "unique.claimed"
  public var key: String
  public var jobId: UUID

  public init(key: String, jobId: UUID) {
    self.key = key
    self.jobId = jobId
  }
}
