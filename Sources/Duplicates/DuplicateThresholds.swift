// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation

/// From which likeness on an owner wants contents shown together: one stream an owner.
public struct DuplicateThresholds: Sendable {
  private let log: any EventLog

  private static let tries = 3

  public init(log: any EventLog) { self.log = log }

  /// Said again it changes nothing.
  ///
  /// - Returns: where the log tells of it.
  /// - Throws: ``DuplicateDecisionError/contended``, or the log's error.
  @discardableResult
  public func set(_ thresholds: LikenessThresholds, of owner: UUID, by asker: Asker) async throws -> Position {
    let stream = StreamName(category: "duplicates", id: DuplicateThresholdsSet.streamId(owner: owner))
    let event = DuplicateThresholdsSet(thresholds)
    let eventId = asker.key?.derived(DuplicateThresholdsSet.eventType) ?? .v7()
    for _ in 0..<Self.tries {
      let last = try await log.lastEvents(of: [stream])[stream]
      if let last, try last.decode(DuplicateThresholdsSet.self) == event { return last.position }
      let new = try NewEvent(
        event, id: eventId, owner: owner, actor: asker.account, correlationId: asker.correlationId)
      do {
        return try await log.append(to: stream, expected: .exactly(last?.version ?? 0), [new]).last
      } catch EventLogError.versionConflict {
        continue
      } catch EventLogError.eventIdReused(eventId) {
        // The request came before, and others have set something else since: that stands.
        return last?.position ?? .start
      }
    }
    throw DuplicateDecisionError.contended
  }
}
