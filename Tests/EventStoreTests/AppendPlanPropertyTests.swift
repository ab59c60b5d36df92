// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import EventStore
import TestSupport

/// Random batches against the plainest log there is: an array that is looked through from its beginning.
struct AppendPlanPropertyTests {
  @Test(arguments: 0..<40 as Range<UInt64>)
  func planAgreesWithAnArray(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scenario = Scenario(random: &random)
    var model = ArrayLog()
    for batch in scenario.batches {
      let known = model.known(to: batch)
      let before = model.entries.count
      let expected = batch.map { appends in Result { () throws(EventLogError) in try model.append(appends) } }
      let plan = AppendPlan(deciding: batch, against: known)
      #expect(plan.outcomes == expected, "seed \(seed)")
      #expect(plan.rows.map(\.event.id) == model.entries[before...].map(\.id), "seed \(seed)")
      #expect(plan.head == Position(Int64(model.entries.count)), "seed \(seed)")
    }
  }

  /// What the fast path would write is what the plan decides, whenever the constraints would let it.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func optimisticBatchAgreesWithThePlan(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let scenario = Scenario(random: &random)
    var model = ArrayLog()
    for batch in scenario.batches {
      let known = model.known(to: batch)
      var plan = AppendPlan(deciding: batch, against: known)
      if let optimistic = OptimisticBatch(batch), model.constraintsAllow(optimistic) {
        let head = Position(known.head.rawValue + Int64(optimistic.rows.count))
        let time = Date(timeIntervalSince1970: 1_732_273_200)
        plan.record(at: time)
        let results = optimistic.results(head: head, recordedAt: time)
        #expect(try plan.outcomes.map { try $0.get() } == results, "seed \(seed)")
        #expect(plan.rows.map(\.place.version) == optimistic.rows.map(\.version), "seed \(seed)")
      }
      for appends in batch { _ = try? model.append(appends) }
    }
  }
}

private struct Scenario {
  var batches: [[[StreamAppend]]] = []

  init(random: inout SeededGenerator) {
    let streams = (0..<4).map { StreamName(category: "test", id: "\($0)") }
    var sent: [[StreamAppend]] = []
    for _ in 0..<12 {
      var batch: [[StreamAppend]] = []
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        if let again = sent.randomElement(using: &random), Int.random(in: 0..<5, using: &random) == 0 {
          batch.append(again)
          continue
        }
        let appends = (0..<Int.random(in: 1...2, using: &random)).map { _ in
          StreamAppend(
            stream: streams.randomElement(using: &random) ?? streams[0],
            expected: [.any, .noStream, .streamExists, .exactly(.random(in: 0...5, using: &random))]
              .randomElement(using: &random) ?? .any,
            events: (0..<Int.random(in: 0...3, using: &random)).map { _ in
              let old = sent.randomElement(using: &random)?.first?.events.first
              let reuses = Int.random(in: 0..<20, using: &random) == 0
              return reuses ? old ?? AppendPlanTests.event() : AppendPlanTests.event()
            })
        }
        batch.append(appends)
        sent.append(appends)
      }
      batches.append(batch)
    }
  }
}

/// The rules of the log said once more, slowly.
private struct ArrayLog {
  struct Entry { let id: UUID, stream: StreamName, version: Int64 }

  var entries: [Entry] = []

  func version(of stream: StreamName) -> Int64 { Int64(entries.count { $0.stream == stream }) }

  mutating func append(_ appends: [StreamAppend]) throws(EventLogError) -> AppendResult {
    let wanted = appends.flatMap { append in append.events.map { ($0.id, append.stream) } }
    let present = wanted.filter { id, _ in entries.contains { $0.id == id } }
    if !present.isEmpty {
      for (id, stream) in present where !entries.contains(where: { $0.id == id && $0.stream == stream }) {
        throw .eventIdReused(id)
      }
      guard present.count == wanted.count, Set(wanted.map(\.0)).count == wanted.count else {
        throw .eventIdReused(present[0].0)
      }
      let places = entries.enumerated().filter { entry in wanted.contains { $0.0 == entry.element.id } }
      return result(of: places.map { ($0.offset, $0.element) }, isRepeat: true)
    }
    let before = entries
    for append in appends {
      let current = version(of: append.stream)
      guard append.expected.holds(at: current) else {
        entries = before
        throw .versionConflict(stream: append.stream, expected: append.expected, current: current)
      }
      for event in append.events {
        guard !entries.contains(where: { $0.id == event.id }) else {
          entries = before
          throw .eventIdReused(event.id)
        }
        entries.append(Entry(id: event.id, stream: append.stream, version: version(of: append.stream) + 1))
      }
    }
    return result(of: (before.count..<entries.count).map { ($0, entries[$0]) }, isRepeat: false)
  }

  func result(of places: [(Int, Entry)], isRepeat: Bool) -> AppendResult {
    let positions = places.map { $0.0 + 1 }
    return AppendResult(
      first: Position(Int64(positions.min() ?? entries.count)),
      last: Position(Int64(positions.max() ?? entries.count)),
      versions: Dictionary(places.map { ($0.1.stream, $0.1.version) }, uniquingKeysWith: max), isRepeat: isRepeat)
  }

  func known(to batch: [[StreamAppend]]) -> AppendPlan.Known {
    var known = AppendPlan.Known(head: Position(Int64(entries.count)), versions: [:], events: [:])
    for (index, entry) in entries.enumerated() {
      known.versions[entry.stream] = entry.version
      known.events[entry.id] = AppendPlan.Place(
        stream: entry.stream, version: entry.version, position: Position(Int64(index + 1)))
    }
    return known
  }

  func constraintsAllow(_ batch: OptimisticBatch) -> Bool {
    let ids = batch.rows.map(\.event.id)
    return Set(ids).count == ids.count
      && !ids.contains { id in entries.contains { $0.id == id } }
      && !batch.rows.contains { row in entries.contains { $0.stream == row.stream && $0.version == row.version } }
      && batch.predecessors.allSatisfy { row in
        entries.contains { $0.stream == row.stream && $0.version == row.version }
      }
  }
}
