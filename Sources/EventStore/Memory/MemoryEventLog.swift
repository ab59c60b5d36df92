// SPDX-License-Identifier: Apache-2.0

public import Foundation
import Synchronization

/// A log in memory, for tests of what stands on it. It passes the same conformance suite as the one in Postgres.
public final class MemoryEventLog: EventLog {
  private struct State {
    var events: [RecordedEvent] = []
    var streams: [StreamName: [Int]] = [:]
    var places: [UUID: AppendPlan.Place] = [:]

    func known(to appends: [StreamAppend]) -> AppendPlan.Known {
      var known = AppendPlan.Known(head: Position(Int64(events.count)), versions: [:], events: [:])
      for append in appends {
        known.versions[append.stream] = streams[append.stream].map { Int64($0.count) }
        for event in append.events { known.events[event.id] = places[event.id] }
      }
      return known
    }
  }

  private let state = Mutex(State())
  private let signal = PositionSignal()
  private let upcasters: Upcasters
  private let protection: (any PayloadProtection)?
  private let now: @Sendable () -> Date

  /// - Parameter now: the clock from which events take their time.
  public init(
    upcasters: Upcasters = .none, protection: (any PayloadProtection)? = nil,
    now: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.upcasters = upcasters
    self.protection = protection
    self.now = now
  }

  public func append(_ appends: [StreamAppend]) async throws -> AppendResult {
    let appends = try await protection?.conceal(appends, on: nil) ?? appends
    let result = try state.withLock { state in
      var plan = AppendPlan(deciding: [appends], against: state.known(to: appends))
      let time = max(now(), state.events.last?.recordedAt ?? .distantPast)
      plan.record(at: time)
      for row in plan.rows {
        state.places[row.event.id] = row.place
        state.streams[row.place.stream, default: []].append(state.events.count)
        state.events.append(
          RecordedEvent(
            row.event, stream: row.place.stream, version: row.place.version, position: row.place.position,
            recordedAt: time))
      }
      return try plan.outcomes[0].get()
    }
    signal.advance(to: result.last)
    return result
  }

  public func page(after position: Position, limit: Int, filter: EventFilter) async throws -> EventPage {
    var page = state.withLock { state in
      var page = EventPage(events: [], through: position, isLast: true)
      for event in state.events.dropFirst(Int(max(0, position.rawValue))) {
        guard page.events.count < limit else {
          page.isLast = false
          break
        }
        page.through = event.position
        if filter.matches(event) { page.events.append(event) }
      }
      return page
    }
    page.events = try await readable(page.events)
    return page
  }

  public func read(stream: StreamName, after version: Int64, limit: Int) async throws -> [RecordedEvent] {
    try await readable(
      state.withLock { state in
        state.streams[stream, default: []].dropFirst(Int(max(0, version))).prefix(limit).map { state.events[$0] }
      })
  }

  public func events(at positions: [Position]) async throws -> [RecordedEvent] {
    try await readable(
      state.withLock { state in
        Set(positions).sorted().map { Int($0.rawValue) - 1 }.filter(state.events.indices.contains)
          .map { state.events[$0] }
      })
  }

  public func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent] {
    let last = try await readable(
      state.withLock { state in
        Set(streams).compactMap { state.streams[$0]?.last.map { state.events[$0] } }
      })
    return Dictionary(last.map { ($0.stream, $0) }) { first, _ in first }
  }

  public func head() async throws -> Position {
    state.withLock { Position(Int64($0.events.count)) }
  }

  public func wait(past position: Position, timeout: Duration) async {
    await signal.wait(past: position, timeout: timeout)
  }

  public func subscribe(after position: Position, filter: EventFilter) -> EventSubscription {
    EventSubscription(
      pages: EventPages(start: position) { cursor, _ in
        try await self.page(after: cursor, limit: 500, filter: filter)
      } wait: { cursor in
        await self.signal.wait(past: cursor)
      })
  }

  private func readable(_ events: [RecordedEvent]) async throws -> [RecordedEvent] {
    var events = events
    try await protection?.reveal(&events)
    for index in events.indices { try upcasters.apply(to: &events[index]) }
    return events
  }
}
