// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Testing

@testable import Server

struct LiveTailTests {
  private var tail = LiveTail(after: Position(10), capacity: 3)

  private static func event(_ position: Int64) -> LiveEvent {
    LiveEvent(
      RecordedEvent(
        position: Position(position), version: 1, recordedAt: Date(timeIntervalSince1970: 0), id: UUID(),
        schemaVersion: 1, stream: StreamName(category: "file", id: "a"), type: "file.uploaded",
        payload: Array("{}".utf8)))
  }

  private func positions(after position: Int64, limit: Int = 10) -> [Int64]? {
    tail.events(after: Position(position), limit: limit)?.map(\.position.rawValue)
  }

  @Test mutating func givesWhatCameAfterAPosition() {
    for position: Int64 in [12, 15, 20] { tail.append(Self.event(position)) }
    #expect(positions(after: 10) == [12, 15, 20])
    #expect(positions(after: 12) == [15, 20])
    #expect(positions(after: 13) == [15, 20])
    #expect(positions(after: 20) == [])
    #expect(positions(after: 10, limit: 2) == [12, 15])
  }

  @Test mutating func sendsAReaderBackToTheLogBelowItsFloor() {
    #expect(positions(after: 9) == nil)
    for position: Int64 in 11...15 { tail.append(Self.event(position)) }
    #expect(tail.floor == Position(12))
    #expect(positions(after: 11) == nil)
    #expect(positions(after: 12) == [13, 14, 15])
  }

  @Test mutating func takesAnEventOnce() {
    for position: Int64 in [9, 10, 11, 11, 10] { tail.append(Self.event(position)) }
    #expect(positions(after: 10) == [11])
  }
}
