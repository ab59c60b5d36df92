// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Foundation

/// Queues jobs that no upload causes, by appending what says so. The relay does the rest.
public struct JobSubmission: Sendable {
  private let log: any EventLog

  public init(log: any EventLog) { self.log = log }

  public enum Outcome: Sendable, Equatable {
    case queued(UUID, Position)
    /// Another job holds the key, or this very one was queued before.
    case existing(UUID)

    public var id: UUID {
      switch self {
      case .queued(let id, _), .existing(let id): id
      }
    }
  }

  /// Durable when it returns.
  /// - Throws: the log's error.
  @discardableResult
  public func submit(_ request: JobRequest) async throws -> Outcome {
    while true {
      var appends = [try append(request)]
      if let uniqueness = request.uniqueness {
        let stream = Self.stream(ofKey: uniqueness.key)
        let claim = try await log.lastEvents(of: [stream])[stream]
        if let claim {
          let holder = try claim.decode(UniqueClaimed.self).jobId
          if holder == request.id { return .existing(holder) }
          let last = try await log.lastEvents(of: [OpenJob.stream(of: holder)]).values.first
          if let state = JobDecider.state(after: last?.type), uniqueness.states.contains(state) {
            return .existing(holder)
          }
        }
        let claimed = UniqueClaimed(key: uniqueness.key, jobId: request.id)
        appends.append(
          StreamAppend(
            stream: stream, expected: claim.map { .exactly($0.version) } ?? .noStream,
            events: [
              try NewEvent(claimed, id: request.id.derived("claimed"), owner: request.owner, actor: request.actor)
            ]))
      }
      do {
        return .queued(request.id, try await log.append(appends).first)
      } catch EventLogError.versionConflict(let stream, _, _) {
        if stream == OpenJob.stream(of: request.id) { return .existing(request.id) }
        // Another took the key since it was looked at: look again.
      }
    }
  }

  /// Many at once, in one append: whole or not at all. For requests without a ``JobRequest/uniqueness``.
  @discardableResult
  public func submit(_ requests: [JobRequest]) async throws -> AppendResult {
    precondition(requests.allSatisfy { $0.uniqueness == nil }, "unique jobs are submitted one by one")
    return try await log.append(try requests.map(append))
  }

  private func append(_ request: JobRequest) throws -> StreamAppend {
    let event = JobQueued(
      jobId: request.id, kind: request.kind, jobClass: request.jobClass, fileId: request.fileId,
      arguments: request.arguments, runAt: request.runAt?.millisecondsSince1970,
      uniqueKey: request.uniqueness?.key, cost: request.cost > 1 ? request.cost : nil)
    return StreamAppend(
      stream: OpenJob.stream(of: request.id), expected: .noStream,
      events: [try NewEvent(event, id: request.id, owner: request.owner, actor: request.actor)])
  }

  /// Keys are the program's own, so what follows from them need not withstand strangers.
  static func stream(ofKey key: String) -> StreamName {
    StreamName(category: "unique", id: UUID.derived(at: 0, high: 0, low: 0).derived(key))
  }
}
