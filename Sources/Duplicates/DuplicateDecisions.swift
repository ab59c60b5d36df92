// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// What an owner says of contents that look like duplicates.
///
/// A decision is about a pair of contents, wherever they are and whatever their files are called, and it is a stream of its own.
public struct DuplicateDecisions: Sendable {
  private let log: any EventLog

  public init(log: any EventLog) { self.log = log }

  /// A decision, and where the log tells of it.
  public struct Decision: Sendable, Equatable {
    public var id: UUID
    public var pair: ContentPair
    public var position: Position
  }

  /// The two contents are no duplicates of each other. Said again it changes nothing.
  ///
  /// - Throws: ``DuplicateDecisionError/contended``, or the log's error.
  public func dismiss(_ pair: ContentPair, of owner: UUID, by asker: Asker) async throws -> Decision {
    let id = pair.decisionId(owner: owner)
    let dismissed = DuplicatesDismissed(decisionId: id, left: pair.left, right: pair.right)
    let position = try await decide(id, dismissed, owner, asker) { _ in }
    return Decision(id: id, pair: pair, position: position)
  }

  /// Takes a decision back. Said again it changes nothing.
  ///
  /// - Throws: ``DuplicateDecisionError``, or the log's error.
  public func undo(_ id: UUID, of owner: UUID, by asker: Asker) async throws -> Decision {
    guard let first = try await log.read(stream: LastWord.stream(of: id), after: 0, limit: 1).first,
      first.owner == owner, let dismissed = try? first.decode(DuplicatesDismissed.self),
      let pair = ContentPair(dismissed.left, dismissed.right)
    else { throw DuplicateDecisionError.unknownDecision }
    let undone = DuplicateDecisionUndone(decisionId: id, left: pair.left, right: pair.right)
    let position = try await decide(id, undone, owner, asker) { last in
      guard last != nil else { throw DuplicateDecisionError.unknownDecision }
    }
    return Decision(id: id, pair: pair, position: position)
  }

  private func decide<Event: DomainEvent>(
    _ id: UUID, _ event: Event, _ owner: UUID, _ asker: Asker, check: (RecordedEvent?) throws -> Void
  ) async throws -> Position {
    try await LastWord(log: log, owner: owner, asker: asker).say(
      event, in: id, named: "\(Event.eventType) \(id.text)"
    ) { last in
      try check(last)
      return last?.type == Event.eventType
    }
  }
}

public enum DuplicateDecisionError: Error, Equatable, CustomStringConvertible {
  /// The owner has made no such decision.
  case unknownDecision
  /// Others decided the same at the same moment, again and again.
  case contended

  public var description: String {
    switch self {
    case .unknownDecision: "There is no such decision."
    case .contended: "Other requests decided the same pair at the same moment; try again."
    }
  }
}
