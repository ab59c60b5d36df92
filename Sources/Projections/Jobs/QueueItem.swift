// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation
import Postgres

/// The jobs of one class and kind, as the log tells of them.
public struct QueueItem: Equatable, Sendable {
  public var jobClass: JobClass
  public var kind: JobKind
  public var counts: JobCounts
  /// Since when the one that was queued before all others could have begun.
  public var oldestDueAt: Date?
  /// Attempts that ended in the last five minutes.
  public var succeeded: Int64
  public var failed: Int64
  public var dead: Int64
}

/// What administrators have said of a part of the queue.
public struct QueueControl: Equatable, Sendable {
  public var scope: QueueScope
  /// A class, a kind, or an owner's id.
  public var value: String
  public var isPaused: Bool
  /// Of the pause.
  public var reason: String?
  /// Jobs under way at a time; nil is no limit.
  public var concurrency: Int?
  /// Jobs begun in a second; nil is no limit.
  public var ratePerSecond: Int?
  /// A tenant's share beside others; nil is 1.
  public var weight: Int?
  public var changedAt: Date
  /// Nil on the command line.
  public var actor: UUID?
}

/// Dead letters with one cause.
public struct DeadGroup: Equatable, Sendable {
  public var fingerprint: String
  public var kind: JobKind
  public var jobs: Int64
  public var firstAt: Date
  public var lastAt: Date
  /// Of the one that was queued last.
  public var reason: String
}

extension QueueItem {
  init(_ row: PostgresRow) throws(PostgresError) {
    let (jobClass, kind): (String, String)
    counts = JobCounts()
    (
      jobClass, kind, counts.queued, counts.scheduled, counts.retrying, counts.succeeded, counts.dead, counts.cancelled,
      counts.discarded, oldestDueAt, succeeded, failed, dead
    ) = try row.decode(
      (
        String, String, Int64, Int64, Int64, Int64, Int64, Int64, Int64, Date?, Int64, Int64, Int64
      ).self)
    self.jobClass = try JobClass.read(jobClass)
    self.kind = try JobKind.read(kind)
  }
}

extension QueueControl {
  init(_ row: PostgresRow) throws(PostgresError) {
    let (scope, concurrency, rate, weight): (String, Int32?, Int32?, Int32?)
    (scope, value, isPaused, reason, concurrency, rate, weight, changedAt, actor) = try row.decode(
      (String, String, Bool, String?, Int32?, Int32?, Int32?, Date, UUID?).self)
    self.scope = try QueueScope.read(scope)
    self.concurrency = concurrency.map { Int($0) }
    ratePerSecond = rate.map { Int($0) }
    self.weight = weight.map { Int($0) }
  }
}

extension DeadGroup {
  init(_ row: PostgresRow) throws(PostgresError) {
    let kind: String
    (fingerprint, kind, jobs, firstAt, lastAt, reason) = try row.decode(
      (String, String, Int64, Date, Date, String).self)
    self.kind = try JobKind.read(kind)
  }
}
