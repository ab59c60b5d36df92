// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// A job that the log calls open, taken up by this process.
public struct OpenJob: Sendable, Equatable {
  public var entry: JobEntry
  /// The event that caused it.
  public var cause: RecordedEvent
  /// The last version of the job's stream, 0 when it has no event: the fencing token. Whoever ends the job names it, so of two
  /// workers that hold the same job one is refused.
  public var version: Int64
  /// This attempt, from 1.
  public var attempt: Int

  public init(entry: JobEntry, cause: RecordedEvent, version: Int64, attempt: Int) {
    self.entry = entry
    self.cause = cause
    self.version = version
    self.attempt = attempt
  }

  public var id: UUID { entry.id }

  public static func stream(of job: UUID) -> StreamName { StreamName(category: "job", id: job) }

  /// An event of this job with an id that follows from the job and a name: appended once, however often the job runs.
  public func event(_ event: some DomainEvent, named name: String) throws -> NewEvent {
    try NewEvent(
      event, id: id.derived(name), owner: entry.owner, correlationId: cause.correlationId, causationId: cause.id)
  }

  /// The end, or the next step, of the job's own stream.
  public func append(_ event: NewEvent) -> StreamAppend {
    StreamAppend(stream: Self.stream(of: id), expected: .exactly(version), events: [event])
  }
}
