// SPDX-License-Identifier: Apache-2.0

import EventStore
import Foundation
import Testing

@testable import Projections

struct SplittingTests {
  private func page(_ positions: [Int64], through: Int64) -> EventPage {
    let events = positions.map {
      RecordedEvent(
        position: Position($0), version: 1, recordedAt: Date(), id: UUID(), schemaVersion: 1,
        stream: StreamName(category: "file", id: "x"), type: "file.uploaded", payload: [])
    }
    return EventPage(events: events, through: Position(through), isLast: true)
  }

  private func shape(_ parts: [EventPage]) -> [[Int64]] { parts.map { $0.events.map(\.position.rawValue) } }

  @Test func theEventThatIsKnownToFailStandsAlone() {
    let page = page([1, 4, 5, 9], through: 12)
    #expect(shape(page.split(at: Position(4))) == [[1], [4], [5, 9]])
    #expect(shape(page.split(at: Position(1))) == [[1], [4, 5, 9]])
    #expect(shape(page.split(at: Position(9))) == [[1, 4, 5], [9]])
  }

  @Test func otherwiseItIsLookedForInHalves() {
    #expect(shape(page([1, 4, 5], through: 12).split(at: nil)) == [[1], [4, 5]])
  }

  @Test func partsReachAsFarAsTheWhole() {
    let parts = page([1, 4, 5, 9], through: 12).split(at: Position(4))
    #expect(parts.map(\.through) == [Position(1), Position(4), Position(12)])
    #expect(parts.map(\.isLast) == [false, false, true])
  }

  @Test func eachFoldGetsTheEventsOfItsTypesInTheirOrder() {
    var page = page([1, 4, 5, 9], through: 12)
    page.events[1].type = "file.removed"
    page.events[2].type = "file.dreamt"
    let parts = page.parts(for: [["file.removed", "file.uploaded"], nil, ["file.dreamt"], []])
    #expect(shape(parts) == [[1, 4, 9], [1, 4, 5, 9], [5], []])
    #expect(parts[1].events == page.events)
    #expect(parts.allSatisfy { $0.through == Position(12) })
  }

  @Test func aPageThatReachesTooFarIsCut() {
    let page = page([1, 4, 5, 9], through: 12)
    #expect(
      shape([page.prefix(through: Position(4)), page.prefix(through: Position(12))]) == [[1, 4], [1, 4, 5, 9]])
    #expect(page.prefix(through: Position(4)).through == Position(4))
    #expect(page.prefix(through: Position(20)).through == Position(12))
  }
}
