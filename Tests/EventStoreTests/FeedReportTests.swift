// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Testing

@testable import EventStore

/// The judge of a trial: it must be able to say no.
struct FeedReportTests {
  private let events = (1...200).map { number in
    RecordedEvent(
      position: Position(Int64(number)), version: 1, recordedAt: .now, id: .v7(), schemaVersion: 1,
      stream: StreamName(category: number.isMultiple(of: 2) ? "even" : "odd", id: "\(number)"),
      type: number.isMultiple(of: 2) ? "even.counted" : "odd.counted", payload: [])
  }

  private func report(
    saw positions: [Int64], filter: EventFilter = .all,
    acknowledging changed: (inout [RecordedEvent]) -> Void = { _ in }
  ) -> FeedReport {
    var truth = FeedTruth()
    for event in events { truth.add(event) }
    let ledger = FeedLedger(target: 1)
    // The last is the end, which nobody is told of.
    var told = Array(events.dropLast())
    changed(&told)
    for event in told {
      ledger.acknowledge(AppendResult(first: event.position, last: event.position, versions: [:]), [event.id])
    }
    var reading = FeedReading(name: "one", filter: filter)
    reading.note(positions.map { Position($0) })
    return FeedReport(
      seed: 1, writers: 1, ledger: ledger, truth: truth, readings: [reading], disturbed: [:], duration: .zero)
  }

  @Test func everythingOnceAndInOrderHolds() {
    let report = report(saw: Array(1...200))
    #expect(report.failures == [])
    #expect(report.summary == "skipped 0, reordered 0, duplicated 0, lost 0")
  }

  @Test func aFilteredReaderNeedsOnlyWhatItWants() {
    #expect(report(saw: (1...100).map { $0 * 2 }, filter: .category("even")).holds)
    #expect(
      report(saw: (1...100).map { $0 * 2 } + [201], filter: .types(["even.counted"])).failures
        == ["the reader of one saw what it did not want: 201"])
  }

  @Test func whatIsSkippedIsNamed() {
    let report = report(saw: Array(1...63) + Array(66...199))
    #expect(report.failures == ["the reader of one skipped: 64, 65, 200"])
    #expect(report.summary.hasPrefix("skipped 3,"))
  }

  @Test func whatIsReorderedOrRepeatedIsNamed() {
    #expect(report(saw: [2, 1] + Array(3...200)).failures == ["the reader of one saw out of order: 1"])
    #expect(report(saw: Array(1...200) + [200]).failures == ["the reader of one saw again: 200"])
  }

  @Test func whatWasAcknowledgedAndIsNotThereIsLost() {
    #expect(report(saw: Array(1...200)) { $0[4].id = .v7() }.lost == [Position(5)])
    #expect(report(saw: Array(1...200)) { $0[4].position = Position(900) }.lost == [Position(900)])
  }

  @Test func whatNobodyWasToldOfWasDoubled() {
    #expect(report(saw: Array(1...200)) { $0.remove(at: 9) }.doubled == [Position(10)])
  }

  @Test func positionsAreCountedAcrossWords() {
    var set = PositionSet()
    let positions: [Int64] = [1, 63, 64, 127, 128, 1000]
    let isNew = positions.map { set.insert(Position($0)) }
    let isNewAgain = set.insert(Position(64))
    #expect(isNew.allSatisfy { $0 } && !isNewAgain)
    #expect(set.subtracting(PositionSet()).map(\.rawValue) == positions)
  }
}
