// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What becomes of a batch of appends, decided one by one against what the log holds. Pure: no clock, no database.
///
/// Later appends see what earlier ones of the batch brought, as if each had been committed before the next was looked at.
struct AppendPlan {
  /// What the log holds, as far as the batch needs it, read under the lock on the head.
  struct Known {
    var head: Position
    /// The last version of each stream that the batch names; a stream that is missing has no event.
    var versions: [StreamName: Int64]
    /// Where the event ids of the batch are, if they are in the log.
    var events: [UUID: Place]
  }

  struct Place: Hashable {
    var stream: StreamName
    var version: Int64
    var position: Position
    /// Nil until the row is given its time.
    var recordedAt: Date?
  }

  struct Row: Hashable {
    var event: NewEvent
    var place: Place
  }

  /// One for each append of the batch, in its order.
  private(set) var outcomes: [Result<AppendResult, EventLogError>] = []
  /// What is to be inserted, in the order of positions, which go on from the head without a hole.
  private(set) var rows: [Row] = []
  /// The head after the batch.
  var head: Position { known.head }

  private var known: Known

  init(deciding batch: [[StreamAppend]], against known: Known) {
    self.known = known
    outcomes.reserveCapacity(batch.count)
    for appends in batch {
      let outcome = Result { () throws(EventLogError) in try decide(appends) }
      outcomes.append(outcome)
    }
  }

  /// Gives what the plan adds its time: that of the transaction, known only once it is under way.
  mutating func record(at time: Date) {
    for index in rows.indices { rows[index].place.recordedAt = time }
    outcomes = outcomes.map { outcome in
      outcome.map { result in
        var result = result
        if result.recordedAt == nil, !result.versions.isEmpty { result.recordedAt = time }
        return result
      }
    }
  }

  private mutating func decide(_ appends: [StreamAppend]) throws(EventLogError) -> AppendResult {
    // Ids before versions: a repetition finds the versions moved on, by itself.
    if let repeated = try repetition(of: appends) { return repeated }

    var next = known
    var added: [Row] = []
    for append in appends {
      var version = next.versions[append.stream, default: 0]
      guard append.expected.holds(at: version) else {
        throw .versionConflict(stream: append.stream, expected: append.expected, current: version)
      }
      for event in append.events {
        version += 1
        next.head = Position(next.head.rawValue + 1)
        let place = Place(stream: append.stream, version: version, position: next.head)
        guard next.events.updateValue(place, forKey: event.id) == nil else { throw .eventIdReused(event.id) }
        added.append(Row(event: event, place: place))
      }
      if !append.events.isEmpty { next.versions[append.stream] = version }
    }
    known = next
    rows += added
    return Self.result(of: added.map(\.place), head: known.head, isRepeat: false)
  }

  /// The first result, if all events are in the log already, in the streams that the append names.
  private func repetition(of appends: [StreamAppend]) throws(EventLogError) -> AppendResult? {
    var places: [Place] = []
    var present: UUID?
    var count = 0
    for append in appends {
      count += append.events.count
      for event in append.events {
        guard let place = known.events[event.id] else { continue }
        present = present ?? event.id
        guard place.stream == append.stream else { throw .eventIdReused(event.id) }
        places.append(place)
      }
    }
    guard let present else { return nil }
    guard Set(places).count == count else { throw .eventIdReused(present) }
    return Self.result(of: places, head: known.head, isRepeat: true)
  }

  private static func result(of places: [Place], head: Position, isRepeat: Bool) -> AppendResult {
    AppendResult(
      first: places.map(\.position).min() ?? head,
      last: places.map(\.position).max() ?? head,
      versions: places.reduce(into: [:]) { $0[$1.stream] = max($0[$1.stream] ?? 0, $1.version) },
      isRepeat: isRepeat,
      recordedAt: places.compactMap(\.recordedAt).max())
  }
}
