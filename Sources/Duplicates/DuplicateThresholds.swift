// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// From which likeness on an owner wants contents shown together: one stream an owner.
public struct DuplicateThresholds: Sendable {
  private let log: any EventLog

  public init(log: any EventLog) { self.log = log }

  /// Said again it changes nothing.
  ///
  /// - Returns: where the log tells of it.
  /// - Throws: ``DuplicateDecisionError/contended``, or the log's error.
  @discardableResult
  public func set(_ thresholds: LikenessThresholds, of owner: UUID, by asker: Asker) async throws -> Position {
    let event = DuplicateThresholdsSet(thresholds)
    return try await LastWord(log: log, owner: owner, asker: asker).say(
      event, in: DuplicateThresholdsSet.streamId(owner: owner), named: DuplicateThresholdsSet.eventType
    ) { last in
      try last?.decode(DuplicateThresholdsSet.self) == event
    }
  }
}
