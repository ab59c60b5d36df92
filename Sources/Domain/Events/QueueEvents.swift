// SPDX-License-Identifier: Apache-2.0

/// What may happen to a part of the queue. Streams: `queue-<scope>-<value>`, `queue-finished`.
public enum QueueEvent: Equatable, Sendable {
  case paused(QueuePaused)
  case resumed(QueueResumed)
  case limited(QueueLimited)
  case pruned(QueuePruned)
}

/// By what a part of the queue is told from the rest.
public enum QueueScope: String, Codable, Sendable, CaseIterable {
  /// The value is a ``JobClass``.
  case jobClass = "class"
  /// The value is a ``JobKind``.
  case kind
  /// The value is an owner's id, or `system` for jobs that are nobody's.
  case tenant
}

/// Jobs of this part are not begun any more. Those under way go on.
public struct QueuePaused: DomainEvent {
  public static let eventType = "queue.paused"
  public var scope: QueueScope
  public var value: String
  public var reason: String?

  public init(scope: QueueScope, value: String, reason: String? = nil) {
    self.scope = scope
    self.value = value
    self.reason = reason
  }
}

public struct QueueResumed: DomainEvent {
  public static let eventType = "queue.resumed"
  public var scope: QueueScope
  public var value: String

  public init(scope: QueueScope, value: String) {
    self.scope = scope
    self.value = value
  }
}

/// How fast this part may go, in place of all that was said before: what is absent is not limited.
public struct QueueLimited: DomainEvent {
  public static let eventType = "queue.limited"
  public var scope: QueueScope
  public var value: String
  /// Jobs under way at a time, over all workers.
  public var concurrency: Int?
  /// Jobs begun in a second, on average.
  public var ratePerSecond: Int?
  /// A tenant's share beside others of its class; absent: 1.
  public var weight: Int?

  public init(
    scope: QueueScope, value: String, concurrency: Int? = nil, ratePerSecond: Int? = nil, weight: Int? = nil
  ) {
    self.scope = scope
    self.value = value
    self.concurrency = concurrency
    self.ratePerSecond = ratePerSecond
    self.weight = weight
  }
}

/// Finished jobs have been kept for long enough: the read tables forget those that succeeded, were cancelled or were discarded. The log keeps
/// their events. A part of what is due; several follow one another when there is more.
public struct QueuePruned: DomainEvent {
  public static let eventType = "queue.pruned"
  /// Those that came to their end before this time, in milliseconds since 1970.
  public var finishedBefore: Int64
  /// Of these, those that were queued last at this position or before.
  public var queuedThrough: Int64
  /// How many were due.
  public var jobs: Int

  public init(finishedBefore: Int64, queuedThrough: Int64, jobs: Int) {
    self.finishedBefore = finishedBefore
    self.queuedThrough = queuedThrough
    self.jobs = jobs
  }
}
