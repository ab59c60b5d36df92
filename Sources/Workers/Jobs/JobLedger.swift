// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What the log says of jobs: whether they are open, and how they failed.
struct JobLedger: Sendable {
  let log: any EventLog
  /// Who works, as the log names it.
  var worker: String?

  enum Standing: Sendable, Equatable {
    case open(OpenJob)
    /// Not due before `until`: it failed, or was asked for then.
    case resting(until: Date)
    /// Succeeded, given up or cancelled.
    case finished
    /// The log has no event at the entry's position that queues such a job: another log's job, or a forgery.
    case unknown
  }

  /// What an event of a newer program says is left to it.
  private static let patience: TimeInterval = 60

  /// Where each of these jobs stands, by the positions of their entries: two looks at the log, however many they are.
  func standings(of entries: [JobEntry], now: Date = Date()) async throws -> [Position: Standing] {
    var standings: [Position: Standing] = [:]
    var queued: [Position: (job: QueuedJob, cause: RecordedEvent)] = [:]
    for event in try await log.events(at: entries.map(\.position)) {
      do {
        if let job = try QueuedJob(event) { queued[event.position] = (job, event) }
      } catch {
        standings[event.position] = .resting(until: now.addingTimeInterval(Self.patience))
      }
    }
    try await findCauses(&queued)
    let last = try await log.lastEvents(of: queued.values.map { OpenJob.stream(of: $0.job.id) })
    for entry in entries where standings[entry.position] == nil {
      guard let (job, cause) = queued[entry.position], job.entry == entry else {
        standings[entry.position] = .unknown
        continue
      }
      standings[entry.position] = try standing(
        of: job, cause: cause, last: last[OpenJob.stream(of: job.id)], now: now)
    }
    return standings
  }

  /// A job that was queued again is still about what queued it first.
  private func findCauses(_ queued: inout [Position: (job: QueuedJob, cause: RecordedEvent)]) async throws {
    let positions = queued.values.compactMap(\.job.causePosition)
    guard !positions.isEmpty else { return }
    let causes = Dictionary(try await log.events(at: positions).map { ($0.position, $0) }) { first, _ in first }
    for (position, (job, _)) in queued {
      guard let causePosition = job.causePosition else { continue }
      queued[position] = causes[causePosition].map { (job, $0) }
    }
  }

  private func standing(
    of queued: QueuedJob, cause: RecordedEvent, last: RecordedEvent?, now: Date
  ) throws -> Standing {
    var (since, attempt) = (queued.since, 1)
    switch JobDecider.state(after: last?.type) {
    case .succeeded, .dead, .cancelled, .discarded: return .finished
    case .queued: if let last, last.type == JobRequeued.eventType { since = last.recordedAt }
    case .retrying:
      guard let failed = try last?.decode(JobFailed.self) else { return .unknown }
      let retryAt = Date(millisecondsSince1970: failed.retryAt)
      if retryAt > now { return .resting(until: retryAt) }
      since = failed.since.map { Date(millisecondsSince1970: $0) } ?? since
      attempt = failed.attempt + 1
    case nil:
      // A kind of event that a newer program appended: leave the job to it, and do not fail the others of the batch.
      return .resting(until: now.addingTimeInterval(Self.patience))
    }
    if since > now { return .resting(until: since) }
    return .open(
      OpenJob(queued, cause: cause, version: last?.version ?? 0, attempt: attempt, since: since))
  }

  /// Records a failure that will be followed by another attempt.
  func fail(_ job: OpenJob, _ failure: JobFailure, retryAt: Date) async throws {
    let event = JobFailed(
      jobId: job.id, kind: job.entry.kind, fileId: job.fileId, attempt: job.attempt, reason: failure.reason,
      retryAt: retryAt.millisecondsSince1970, code: failure.code, worker: worker,
      since: job.since.millisecondsSince1970)
    try await append(job, event, named: "failed-\(job.version + 1)")
  }

  /// Records that the job will not be tried again by itself.
  func bury(_ job: OpenJob, _ failure: JobFailure) async throws {
    let event = JobDeadLettered(
      jobId: job.id, kind: job.entry.kind, fileId: job.fileId, attempts: job.attempt, reason: failure.reason,
      fingerprint: "\(job.entry.kind.rawValue):\(failure.code)", worker: worker)
    try await append(job, event, named: "deadLettered-\(job.version + 1)")
  }

  /// - Throws: ``JobFailure`` with ``JobFailure/Remedy/stale`` when another was first.
  private func append(_ job: OpenJob, _ event: some DomainEvent, named name: String) async throws {
    do {
      _ = try await job.traced { try await log.append([job.append(try job.event(event, named: name))]) }
    } catch let error as EventLogError {
      throw JobFailure.ended(error)
    }
  }
}
