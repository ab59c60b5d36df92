// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What the log says of jobs: whether they are open, and how they failed.
struct JobLedger: Sendable {
  let log: any EventLog

  enum Standing: Sendable, Equatable {
    case open(OpenJob)
    /// Failed, and not due again before `until`.
    case resting(until: Date)
    /// Succeeded, or a dead letter.
    case finished
    /// The log has no such event at the entry's position: another log's job, or a forgery.
    case unknown
  }

  /// Where each of these jobs stands, by two looks at the log, however many they are.
  func standings(of entries: [JobEntry], now: Date = Date()) async throws -> [UUID: Standing] {
    async let causes = log.events(at: entries.map(\.position))
    async let last = log.lastEvents(of: entries.map { OpenJob.stream(of: $0.id) })
    let causeById = Dictionary(try await causes.map { ($0.id, $0) }) { first, _ in first }
    var standings: [UUID: Standing] = [:]
    for entry in entries {
      let event = try await last[OpenJob.stream(of: entry.id)]
      standings[entry.id] = try standing(of: entry, cause: causeById[entry.id], last: event, now: now)
    }
    return standings
  }

  private func standing(
    of entry: JobEntry, cause: RecordedEvent?, last: RecordedEvent?, now: Date
  ) throws -> Standing {
    guard let cause, cause.position == entry.position else { return .unknown }
    guard let last else { return .open(OpenJob(entry: entry, cause: cause, version: 0, attempt: 1)) }
    switch last.type {
    case JobSucceeded.eventType, JobDeadLettered.eventType: return .finished
    case JobFailed.eventType:
      let failed = try last.decode(JobFailed.self)
      let retryAt = Date(timeIntervalSince1970: Double(failed.retryAt) / 1000)
      if retryAt > now { return .resting(until: retryAt) }
      return .open(OpenJob(entry: entry, cause: cause, version: last.version, attempt: failed.attempt + 1))
    default:
      // A kind of event that a newer program appended: leave the job to it, and do not fail the others of the batch.
      return .resting(until: now.addingTimeInterval(60))
    }
  }

  /// Records a failure that will be followed by another attempt.
  func fail(_ job: OpenJob, _ failure: JobFailure, retryAt: Date) async throws {
    let event = JobFailed(
      jobId: job.id, kind: job.entry.kind, fileId: job.entry.fileId, attempt: job.attempt, reason: failure.reason,
      retryAt: Int64(retryAt.timeIntervalSince1970 * 1000))
    try await append(job, event, named: "failed-\(job.attempt)")
  }

  /// Records that the job will not be tried again by itself.
  func bury(_ job: OpenJob, _ failure: JobFailure) async throws {
    let event = JobDeadLettered(
      jobId: job.id, kind: job.entry.kind, fileId: job.entry.fileId, attempts: job.attempt, reason: failure.reason,
      fingerprint: "\(job.entry.kind.rawValue):\(failure.code)")
    try await append(job, event, named: "deadLettered-\(job.attempt)")
  }

  /// - Throws: ``JobFailure`` with ``JobFailure/Remedy/stale`` when another worker was first.
  private func append(_ job: OpenJob, _ event: some DomainEvent, named name: String) async throws {
    do {
      _ = try await log.append([job.append(try job.event(event, named: name))])
    } catch let error as EventLogError {
      throw JobFailure(.stale, code: "job.ended", reason: "\(error)")
    }
  }
}
