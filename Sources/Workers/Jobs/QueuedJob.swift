// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation
import Projections

/// A job as the event tells of it that queued it.
struct QueuedJob: Sendable, Equatable {
  let id: UUID
  let entry: JobEntry
  let fileId: UUID?
  /// When it may first run.
  let since: Date
  /// Where the log has the event that queued it first, when this one has only queued it again.
  let causePosition: Position?

  /// The events that queue jobs.
  static let eventTypes: Set<String> = [FileUploaded.eventType, JobQueued.eventType, JobRequeued.eventType]

  /// Nil for an event that queues nothing. Reads members where they stand: the relay asks for every event, and workers for every job.
  /// - Throws: for an event that cannot be read, or is of a newer program.
  init?(_ event: RecordedEvent) throws {
    guard Self.eventTypes.contains(event.type) else { return nil }
    guard EventCatalog.versions[event.type]?.contains(event.schemaVersion) == true else {
      throw EventDecodingError(event, "its schema version is not known")
    }
    let payload = Payload(event)
    let (kind, cost): (JobKind?, Int)
    if event.type == FileUploaded.eventType {
      guard event.owner != nil else { return nil }
      (id, kind, since, causePosition) = (event.id, .analyze, event.recordedAt, nil)
      cost = JobCost.of(bytes: try payload.integer("size"))
    } else {
      id = try payload.uuid("jobId")
      kind = JobKind(rawValue: try payload.text("kind"))
      cost = Int(clamping: try payload.optionalInteger("cost") ?? 1)
      since = try payload.optionalInteger("runAt").map { Date(millisecondsSince1970: $0) } ?? event.recordedAt
      causePosition = try payload.optionalInteger("causePosition").map { Position($0) }
    }
    fileId = try payload.optionalUUID("fileId")
    guard let kind, let jobClass = JobClass(rawValue: try payload.text("jobClass")) else {
      throw EventDecodingError(event, "its kind or class is not known")
    }
    entry = JobEntry(position: event.position, kind: kind, jobClass: jobClass, owner: event.owner, cost: cost)
  }
}
