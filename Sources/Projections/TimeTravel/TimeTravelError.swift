// SPDX-License-Identifier: Apache-2.0

public import EventStore

/// Why there is no answer as of a moment.
public enum TimeTravelError: Error, Equatable, CustomStringConvertible {
  /// The moment has not come.
  case inTheFuture(head: Position)
  /// There was nobody to see anything.
  case beforeTheAccount
  /// More events of the account than are folded for one answer.
  case tooMuchHistory(limit: Int)
  /// A statement took longer than one may.
  case tooSlow(limit: Duration)

  public var description: String {
    switch self {
    case .inTheFuture(let head): "The log ends at position \(head): what comes after it is not known yet."
    case .beforeTheAccount: "The account did not exist then."
    case .tooMuchHistory(let limit):
      "Up to that moment the account has more than \(limit) events, which is more than one answer may fold. Ask for an earlier moment."
    case .tooSlow(let limit):
      "Folding the account's events up to that moment took a step of more than \(limit). Ask for an earlier moment."
    }
  }
}
