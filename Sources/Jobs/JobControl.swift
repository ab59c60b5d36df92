// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Projections

/// Cancels, requeues and discards jobs, singly or all dead letters with one cause; pauses, resumes and limits parts of the queue.
///
/// Everything it does is an event with its actor. Workers and the relay learn of it from the log.
public struct JobControl: Sendable {
  /// What is to become of a job.
  public struct Command: Sendable {
    public var verb: JobDecider.Command
    /// Where it is queued; nil for the class it had. Only for ``JobDecider/Command/requeue``.
    public var jobClass: JobClass?
    /// A sentence that stays in the log.
    public var reason: String?

    public init(_ verb: JobDecider.Command, jobClass: JobClass? = nil, reason: String? = nil) {
      self.verb = verb
      self.jobClass = jobClass
      self.reason = reason
    }
  }

  /// A part of the dead letters with one cause.
  public struct GroupOutcome: Sendable, Equatable {
    /// Those to which it was done.
    public var jobs: Int
    /// Of the last event; nil when there was nothing to do.
    public var position: Position?
    /// For the next part; nil when this was the last.
    public var next: String?
  }

  let log: any EventLog
  let jobs: JobViews
  /// How often a job is looked at again that changes meanwhile.
  private static let tries = 5
  private static let partSize = 200

  public init(log: any EventLog, jobs: JobViews) {
    self.log = log
    self.jobs = jobs
  }

  /// - Parameter owner: whose job it must be; nil for anybody's.
  /// - Returns: Where the log tells of it.
  /// - Throws: ``JobControlError``, or the error of the log or of the read model.
  public func perform(
    _ command: Command, on job: UUID, of owner: UUID? = nil, by asker: Asker
  ) async throws -> Position {
    let found = if let owner { try await jobs.job(job, owner: owner) } else { try await jobs.job(job) }
    guard let item = found else { throw JobControlError.unknownJob }
    let outcome = try await perform(command, on: [item], by: asker)
    if let refusal = outcome.refusals[job] { throw JobControlError(refusal) }
    guard let position = outcome.position else { throw JobControlError.contended }
    return position
  }

  /// The dead letters with one cause, part by part.
  ///
  /// - Parameters:
  ///   - after: ``GroupOutcome/next`` of the part before.
  ///   - limit: at most so many jobs.
  /// - Throws: `InvalidCursor`, or the error of the log or of the read model.
  public func perform(
    _ command: Command, onDeadLettersOf fingerprint: String, after: String? = nil, limit: Int = 1000, by asker: Asker
  ) async throws -> GroupOutcome {
    var outcome = GroupOutcome(jobs: 0, position: nil, next: after)
    var seen = 0
    repeat {
      let page = try await jobs.list(
        JobFilter(fingerprint: fingerprint), limit: min(Self.partSize, limit - seen), after: outcome.next)
      let part = try await perform(command, on: page.items, by: asker)
      seen += page.items.count
      outcome.jobs += part.changed
      outcome.position = [outcome.position, part.position].compactMap { $0 }.max()
      outcome.next = page.next
    } while outcome.next != nil && seen < limit
    return outcome
  }

  private struct Outcome {
    var changed = 0
    var position: Position?
    var refusals: [UUID: JobDecider.Refusal] = [:]
  }

  /// One look at where the jobs stand, one append for those that may; again when one of them changed meanwhile.
  private func perform(_ command: Command, on items: [JobItem], by asker: Asker) async throws -> Outcome {
    var outcome = Outcome()
    var items = items
    for _ in 0..<Self.tries where !items.isEmpty {
      let plan = try await plan(command, items, asker, &outcome)
      guard !plan.isEmpty else { return outcome }
      do {
        let result = try await log.append(plan)
        outcome.changed += plan.count
        outcome.position = max(outcome.position ?? .start, result.last)
        return outcome
      } catch EventLogError.versionConflict {
        outcome.refusals = [:]
      } catch EventLogError.eventIdReused(let id) {
        // The request came before, and the job has moved on since.
        items.removeAll { eventId(command, $0, asker) == id }
      }
    }
    return outcome
  }

  private func plan(
    _ command: Command, _ items: [JobItem], _ asker: Asker, _ outcome: inout Outcome
  ) async throws -> [StreamAppend] {
    let last = try await log.lastEvents(of: items.map { Self.stream(of: $0.id) })
    var causes: [UUID: RecordedEvent] = [:]
    if command.verb == .requeue {
      for event in try await log.events(at: items.map(\.position)) { causes[event.id] = event }
    }
    var plan: [StreamAppend] = []
    for item in items {
      let event = last[Self.stream(of: item.id)]
      let id = eventId(command, item, asker)
      if let event, event.id == id {
        outcome.position = max(outcome.position ?? .start, event.position)
        continue
      }
      do throws(JobDecider.Refusal) {
        guard let state = JobDecider.state(after: event?.type) else { throw JobDecider.Refusal.hasEnded }
        try JobDecider.check(command.verb, state)
      } catch {
        outcome.refusals[item.id] = error
        continue
      }
      plan.append(
        StreamAppend(
          stream: Self.stream(of: item.id), expected: .exactly(event?.version ?? 0),
          events: [try self.event(command, item, id, causes[item.id], asker)]))
    }
    return plan
  }

  private func event(
    _ command: Command, _ item: JobItem, _ id: UUID, _ cause: RecordedEvent?, _ asker: Asker
  ) throws -> NewEvent {
    func new(_ event: some DomainEvent) throws -> NewEvent {
      try NewEvent(
        event, id: id, owner: item.owner, actor: asker.account, correlationId: asker.correlationId,
        causationId: cause?.id)
    }
    switch command.verb {
    case .cancel:
      return try new(JobCancelled(jobId: item.id, kind: item.kind, fileId: item.fileId, reason: command.reason))
    case .discard:
      return try new(JobDiscarded(jobId: item.id, kind: item.kind, fileId: item.fileId, reason: command.reason))
    case .requeue:
      return try new(
        JobRequeued(
          jobId: item.id, kind: item.kind, jobClass: command.jobClass ?? item.jobClass, fileId: item.fileId,
          causePosition: item.position.rawValue, reason: command.reason, cost: try cause.flatMap(Self.cost)))
    }
  }

  /// What the job cost when it was queued.
  private static func cost(_ cause: RecordedEvent) throws -> Int? {
    switch cause.type {
    case FileUploaded.eventType: JobCost.of(bytes: try cause.decode(FileUploaded.self).size)
    case JobQueued.eventType: try cause.decode(JobQueued.self).cost
    default: nil
    }
  }

  private func eventId(_ command: Command, _ item: JobItem, _ asker: Asker) -> UUID {
    asker.key?.derived("\(command.verb.rawValue) job \(item.id.text)") ?? .v7()
  }

  static func stream(of job: UUID) -> StreamName { StreamName(category: "job", id: job) }
}
