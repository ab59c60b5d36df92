// SPDX-License-Identifier: Apache-2.0

public import Domain
public import Foundation

/// A job that is asked for.
public struct JobRequest: Sendable {
  /// The job's, and that of the event that queues it: a request that is sent again queues one job.
  public var id: UUID
  public var kind: JobKind
  public var jobClass: JobClass
  /// Whose turn it takes; nil for jobs that are nobody's.
  public var owner: UUID?
  public var actor: UUID?
  public var fileId: UUID?
  public var arguments: [String: String]?
  /// Nil: at once.
  public var runAt: Date?
  /// Its share of the owner's turn.
  public var cost: Int
  public var uniqueness: Uniqueness?

  public init(
    id: UUID = .v7(), kind: JobKind, jobClass: JobClass, owner: UUID? = nil, actor: UUID? = nil, fileId: UUID? = nil,
    arguments: [String: String]? = nil, runAt: Date? = nil, cost: Int = 1, uniqueness: Uniqueness? = nil
  ) {
    self.id = id
    self.kind = kind
    self.jobClass = jobClass
    self.owner = owner
    self.actor = actor
    self.fileId = fileId
    self.arguments = arguments
    self.runAt = runAt
    self.cost = cost
    self.uniqueness = uniqueness
  }
}

/// At most one job with a key is in one of these states.
public struct Uniqueness: Sendable, Hashable {
  public var key: String
  public var states: Set<JobDecider.State>

  /// - Parameter states: an earlier job in one of them stands for the new one. By default: while the earlier one is not finished.
  public init(_ key: String, states: Set<JobDecider.State> = [.queued, .retrying]) {
    self.key = key
    self.states = states
  }
}
