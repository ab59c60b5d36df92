// SPDX-License-Identifier: Apache-2.0

/// The log: the only truth. It takes facts in, in one order, and gives them back for ever.
///
/// - An append is whole or not at all, and when it returns, durable.
/// - Positions are dense and in the order of commits, so "everything after N" is exact at any moment.
/// - Sending an append again is safe: event ids are unique, and a repetition is answered with the first result.
public protocol EventLog: Sendable {
  /// Appends to one stream or several, whole or not at all.
  ///
  /// An append whose task is cancelled may have happened; ask again with the same ids to know.
  /// - Throws: ``EventLogError/versionConflict(stream:expected:current:)``, ``EventLogError/eventIdReused(_:)``, or the storage's error.
  func append(_ appends: [StreamAppend]) async throws -> AppendResult

  /// Up to `limit` events after a position, in order. Fewer than `limit` means that there were no more when it looked.
  func read(after position: Position, limit: Int, filter: EventFilter) async throws -> [RecordedEvent]

  /// Up to `limit` events after a position, with how far it looked. One bounded step: a log may give fewer than a very large `limit`, and
  /// then the page is not the last.
  func page(after position: Position, limit: Int, filter: EventFilter) async throws -> EventPage

  /// Up to `limit` events of a stream after a version, in order.
  func read(stream: StreamName, after version: Int64, limit: Int) async throws -> [RecordedEvent]

  /// The events at these positions, in their order. Positions beyond the head are left out.
  func events(at positions: [Position]) async throws -> [RecordedEvent]

  /// The last event of each of these streams that has one: one look, however many streams.
  func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent]

  /// The position of the newest event; ``Position/start`` of an empty log.
  func head() async throws -> Position

  /// Returns when there may be something after a position, when the time is up, or when the task is cancelled. Look in any case.
  func wait(past position: Position, timeout: Duration) async

  /// Everything after a position: first what is there, then what comes, without a seam.
  func subscribe(after position: Position, filter: EventFilter) -> EventSubscription
}

extension EventLog {
  public func read(after position: Position, limit: Int) async throws -> [RecordedEvent] {
    try await read(after: position, limit: limit, filter: .all)
  }

  public func subscribe(after position: Position) -> EventSubscription {
    subscribe(after: position, filter: .all)
  }

  /// One read for each position; a log that can look at all at once does better.
  public func events(at positions: [Position]) async throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    for position in Set(positions).sorted() where position > .start {
      events += try await read(after: Position(position.rawValue - 1), limit: 1).filter { $0.position == position }
    }
    return events
  }

  /// Reads each stream to its end; a log that can look from the end does better.
  public func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent] {
    var last: [StreamName: RecordedEvent] = [:]
    for stream in Set(streams) {
      while let event = try await read(stream: stream, after: last[stream]?.version ?? 0, limit: 500).last {
        last[stream] = event
      }
    }
    return last
  }

  /// Appends to one stream.
  public func append(
    to stream: StreamName, expected: ExpectedVersion, _ events: [NewEvent]
  ) async throws -> AppendResult {
    try await append([StreamAppend(stream: stream, expected: expected, events: events)])
  }

  public func read(after position: Position, limit: Int, filter: EventFilter) async throws -> [RecordedEvent] {
    var events: [RecordedEvent] = []
    var cursor = position
    while events.count < limit {
      let page = try await page(after: cursor, limit: limit - events.count, filter: filter)
      events += page.events
      if page.isLast { break }
      cursor = page.through
    }
    return events
  }
}
