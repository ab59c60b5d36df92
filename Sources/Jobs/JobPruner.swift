// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Foundation
public import Projections

import Domain

/// Has finished jobs forgotten by the read tables once they were kept for long enough. What the log tells of them stays.
public struct JobPruner: Sendable {
  private let log: any EventLog
  private let clock: LogClock
  private let jobs: JobViews
  private let retention: Duration
  private let step: Int

  /// - Parameter step: at most so many with one event, so that none holds up the projection.
  public init(log: any EventLog, clock: LogClock, jobs: JobViews, retention: Duration, step: Int = 10_000) {
    self.log = log
    self.clock = clock
    self.jobs = jobs
    self.retention = retention
    self.step = step
  }

  /// - Returns: how many were due. They are gone when the projection has passed the last event.
  /// - Throws: the error of the log or of the read model; what was said before stays said.
  public func apply(now: Date = Date()) async throws -> Int {
    let milliseconds = Int64((now.timeIntervalSince1970 - retention / .seconds(1)) * 1000)
    let time = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    var (pruned, last) = (0, Position.start)
    let through = try await clock.position(at: time)
    while let part = try await jobs.prunable(finishedBefore: time, after: last, through: through, limit: step) {
      try Task.checkCancellation()
      let event = QueuePruned(
        finishedBefore: milliseconds, queuedThrough: part.last.rawValue, jobs: part.jobs)
      _ = try await log.append(to: Self.stream, expected: .any, [NewEvent(event)])
      pruned += part.jobs
      last = part.last
    }
    return pruned
  }

  static let stream = StreamName(category: "queue", id: "finished")
}
