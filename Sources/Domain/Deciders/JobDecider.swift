// SPDX-License-Identifier: Apache-2.0

/// What people may do to a job, as pure functions over its stream. Workers end jobs by themselves; see ``JobEvent``.
public enum JobDecider {
  /// Where a job stands: said by the last event of its stream alone.
  public enum State: Hashable, Sendable, CaseIterable {
    /// Waiting for its first attempt, or under way: the log does not tell which.
    case queued
    /// An attempt has failed, and the next one waits for its time or is under way.
    case retrying
    case dead
    case succeeded
    case cancelled
    case discarded
  }

  public enum Command: String, Equatable, Sendable, CaseIterable {
    /// Nothing more is done for it.
    case cancel
    /// It is tried again at once, from its first attempt.
    case requeue
    /// A dead letter is put away.
    case discard
  }

  public enum Refusal: Error, Equatable, Sendable {
    /// It waits or runs already.
    case isOpen
    /// There is nothing left to do for it.
    case hasEnded
    case isNoDeadLetter
  }

  /// - Parameter type: of the last event of the job's stream; nil for a job that an upload caused and nothing has happened to since.
  /// - Returns: Nil for a type that this program does not know.
  public static func state(after type: String?) -> State? {
    switch type {
    case nil, JobQueued.eventType, JobRequeued.eventType: .queued
    case JobFailed.eventType: .retrying
    case JobDeadLettered.eventType: .dead
    case JobSucceeded.eventType, JobCompleted.eventType: .succeeded
    case JobCancelled.eventType: .cancelled
    case JobDiscarded.eventType: .discarded
    default: nil
    }
  }

  public static func check(_ command: Command, _ state: State) throws(Refusal) {
    switch (command, state) {
    case (.cancel, .queued), (.cancel, .retrying): return
    case (.cancel, _): throw .hasEnded
    // One that rests after a failure is tried without further rest.
    case (.requeue, .retrying), (.requeue, .dead), (.requeue, .cancelled), (.requeue, .discarded): return
    case (.requeue, .queued): throw .isOpen
    case (.requeue, .succeeded): throw .hasEnded
    case (.discard, .dead): return
    case (.discard, _): throw .isNoDeadLetter
    }
  }
}
