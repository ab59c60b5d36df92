// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Foundation

/// What an owner said last about something, in a stream of its own: said again it changes nothing.
struct LastWord {
  let log: any EventLog
  let owner: UUID
  let asker: Asker

  /// How often it is looked at anew when another request was quicker.
  private static let tries = 3

  /// - Parameters:
  ///   - name: of what is said, among all that one request says.
  ///   - isSaid: whether what was said last is just that. Throws why it must not be said.
  /// - Returns: where the log tells of it.
  /// - Throws: ``DuplicateDecisionError/contended``, what `isSaid` throws, or the log's error.
  func say(
    _ event: some DomainEvent, in id: UUID, named name: String, unless isSaid: (RecordedEvent?) throws -> Bool
  ) async throws -> Position {
    let stream = Self.stream(of: id)
    let eventId = asker.key?.derived(name) ?? .v7()
    for _ in 0..<Self.tries {
      let last = try await log.lastEvents(of: [stream])[stream]
      if try isSaid(last), let last { return last.position }
      let new = try NewEvent(
        event, id: eventId, owner: owner, actor: asker.account, correlationId: asker.correlationId)
      do {
        return try await log.append(to: stream, expected: .exactly(last?.version ?? 0), [new]).last
      } catch EventLogError.versionConflict {
        continue
      } catch EventLogError.eventIdReused(eventId) {
        // The request came before, and something else was said since: that stands.
        return last?.position ?? .start
      }
    }
    throw DuplicateDecisionError.contended
  }

  static func stream(of id: UUID) -> StreamName { StreamName(category: "duplicates", id: id) }
}
