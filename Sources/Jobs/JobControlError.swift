// SPDX-License-Identifier: Apache-2.0

import Domain

/// Why a job or a queue is left as it is.
public enum JobControlError: Error, Equatable, CustomStringConvertible {
  /// There is no such job, or it is another owner's.
  case unknownJob
  /// It waits or runs already.
  case jobIsOpen
  /// There is nothing left to do for it.
  case jobHasEnded
  case jobIsNoDeadLetter
  /// It changed each time it was looked at.
  case contended
  /// No part of the queue has this name; the sentence says which have one.
  case unknownQueue(String)

  init(_ refusal: JobDecider.Refusal) {
    self =
      switch refusal {
      case .isOpen: .jobIsOpen
      case .hasEnded: .jobHasEnded
      case .isNoDeadLetter: .jobIsNoDeadLetter
      }
  }

  public var description: String {
    switch self {
    case .unknownJob: "There is no such job."
    case .jobIsOpen: "The job waits or runs already."
    case .jobHasEnded: "The job has ended: there is nothing left to do for it."
    case .jobIsNoDeadLetter: "Only a dead letter can be discarded; cancel a job that is still to be done."
    case .contended: "The job is being changed by others; try again."
    case .unknownQueue(let sentence): sentence
    }
  }
}
