// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import EventStore

struct AppendPlanTests {
  static let stream = StreamName(category: "test", id: "a")
  static let other = StreamName(category: "test", id: "b")

  static func event(_ id: UUID = .v7()) -> NewEvent {
    NewEvent(id: id, type: "test.happened", schemaVersion: 1, payload: Array("{}".utf8))
  }

  static func append(_ expected: ExpectedVersion, _ events: NewEvent...) -> [StreamAppend] {
    [StreamAppend(stream: stream, expected: expected, events: events)]
  }

  static func append(_ stream: StreamName, _ expected: ExpectedVersion, _ events: NewEvent...) -> [StreamAppend] {
    [StreamAppend(stream: stream, expected: expected, events: events)]
  }

  static let empty = AppendPlan.Known(head: .start, versions: [:], events: [:])

  struct Assigning {
    @Test func positionsGoOnFromTheHeadWithoutAHole() throws {
      let known = AppendPlan.Known(head: Position(41), versions: [stream: 3], events: [:])
      let plan = AppendPlan(
        deciding: [append(.exactly(3), event(), event()), append(other, .noStream, event())], against: known)
      #expect(plan.rows.map(\.place.position) == [Position(42), Position(43), Position(44)])
      #expect(plan.rows.map(\.place.version) == [4, 5, 1])
      #expect(plan.head == Position(44))
      #expect(
        try plan.outcomes[0].get() == AppendResult(first: Position(42), last: Position(43), versions: [stream: 5]))
      #expect(
        try plan.outcomes[1].get() == AppendResult(first: Position(44), last: Position(44), versions: [other: 1]))
    }

    @Test func laterAppendsSeeEarlierOnesOfTheBatch() throws {
      let plan = AppendPlan(
        deciding: [append(.noStream, event()), append(.exactly(1), event()), append(.any, event())], against: empty)
      #expect(plan.outcomes.allSatisfy { (try? $0.get()) != nil })
      #expect(plan.rows.map(\.place.version) == [1, 2, 3])
    }

    @Test func aStreamMayBeNamedTwiceInOneAppend() throws {
      let plan = AppendPlan(
        deciding: [append(.noStream, event()) + append(.exactly(1), event())], against: empty)
      #expect(try plan.outcomes[0].get().versions == [stream: 2])
    }
  }

  struct Refusing {
    @Test func aConflictFailsOnlyItsOwnAppend() throws {
      let plan = AppendPlan(
        deciding: [append(.noStream, event()), append(.noStream, event()), append(other, .noStream, event())],
        against: empty)
      #expect(
        plan.outcomes[1] == .failure(.versionConflict(stream: stream, expected: .noStream, current: 1)))
      #expect(plan.rows.map(\.place.position) == [Position(1), Position(2)])
      #expect(try plan.outcomes[2].get().first == Position(2))
    }

    @Test func anAppendIsWholeOrNotAtAll() {
      let plan = AppendPlan(
        deciding: [append(.noStream, event()) + append(other, .streamExists, event())], against: empty)
      #expect(
        plan.outcomes == [.failure(.versionConflict(stream: other, expected: .streamExists, current: 0))])
      #expect(plan.rows.isEmpty)
      #expect(plan.head == .start)
    }

    @Test func aGuardHoldsOrFailsWithoutAddingEvents() {
      let known = AppendPlan.Known(head: Position(7), versions: [stream: 2], events: [:])
      let plan = AppendPlan(
        deciding: [append(.exactly(2)), append(.exactly(1)) + append(other, .noStream, event())], against: known)
      #expect(
        plan.outcomes == [
          .success(AppendResult(first: Position(7), last: Position(7), versions: [:])),
          .failure(.versionConflict(stream: stream, expected: .exactly(1), current: 2)),
        ])
      #expect(plan.rows.isEmpty)
    }

    @Test func anIdTwiceInOneAppendIsReused() {
      let twice = event()
      let plan = AppendPlan(deciding: [append(.any, twice, twice)], against: empty)
      #expect(plan.outcomes == [.failure(.eventIdReused(twice.id))])
      #expect(plan.rows.isEmpty)
    }
  }

  struct Repeating {
    @Test func theSameIdsInTheSameStreamsAreAnsweredWithTheFirstResult() {
      let first = event(), second = event()
      let plan = AppendPlan(
        deciding: [append(.noStream, first, second), append(.noStream, first, second)], against: empty)
      #expect(
        plan.outcomes[1]
          == .success(
            AppendResult(first: Position(1), last: Position(2), versions: [stream: 2], isRepeat: true)))
      #expect(plan.rows.count == 2)
    }

    @Test func theSameIdInAnotherStreamIsReused() {
      let moved = event()
      let plan = AppendPlan(
        deciding: [append(.noStream, moved), append(other, .noStream, moved)], against: empty)
      #expect(plan.outcomes[1] == .failure(.eventIdReused(moved.id)))
    }

    @Test func aKnownIdBesideANewOneIsReused() {
      let known = event()
      let plan = AppendPlan(
        deciding: [append(.noStream, known), append(.any, event(), known)], against: empty)
      #expect(plan.outcomes[1] == .failure(.eventIdReused(known.id)))
      #expect(plan.rows.count == 1)
    }
  }
}
