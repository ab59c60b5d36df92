// SPDX-License-Identifier: Apache-2.0

public import Logging
public import Postgres
public import Redis
public import ServiceLifecycle

/// The log in Postgres.
///
/// Appending: one row, `log.head`, is advanced inside each appending transaction. Its lock orders the commits of all processes, so
/// positions are dense and in commit order, and a rollback leaves no hole. Since that makes it one commit at a time, each process
/// gathers what arrives meanwhile into the next commit (``GroupCommit``).
///
/// Usable before ``run()``, which carries wake-ups between processes; without it, readers of other processes' events look once a second.
public final class PostgresEventLog: EventLog, Service {
  /// How many events a transaction takes at most, unless one append has more. Past some hundreds the gain is small, the wait is not.
  static let batchLimit = 500
  /// How many events a subscription reads at a time: while it keeps up, and while it is behind.
  static let pageSize = 500, historyPageSize = 8192
  /// From so many on COPY is worth what it costs to begin; more than so many it does not give at once.
  static let manyEvents = 1000...65_536
  /// How long a reader that nobody wakes waits before it looks by itself.
  static let slowPoll: Duration = .seconds(1)

  /// Tells when to look again, within this process and between processes.
  public let wakeUp: WakeUp

  let pool: PostgresPool
  let group: GroupCommit
  private let upcasters: Upcasters
  private let protection: (any PayloadProtection)?

  /// - Parameters:
  ///   - pool: for reading. Appending has a connection of its own, to the same place, from the first append on.
  ///   - redis: carries wake-ups between processes; without it they look once a second.
  ///   - protection: between payloads as they are used and payloads as they are stored; nil when they are the same.
  public init(
    pool: PostgresPool, redis: RedisClient?, upcasters: Upcasters = .none, protection: (any PayloadProtection)? = nil,
    logger: Logger = Logger(label: "onefold.log")
  ) {
    let wakeUp = WakeUp(redis: redis, logger: logger)
    self.wakeUp = wakeUp
    self.pool = pool
    self.upcasters = upcasters
    self.protection = protection
    let writer = AppendWriter(configuration: pool.configuration, logger: logger) { head in
      LogMetrics.head(head)
      wakeUp.announce(head)
    }
    group = GroupCommit(batchLimit: Self.batchLimit) { await writer.drain($0) }
  }

  deinit { group.close() }

  /// Carries wake-ups until graceful shutdown.
  public func run() async throws {
    try await wakeUp.run()
  }

  /// See ``EventLog/append(_:)``. A failure of the connection is retried for some seconds, and a commit whose answer was lost is looked
  /// up by its event ids.
  /// - Throws: also `PostgresError`; its `commitUnknown` means that the database did not come back in time to say.
  public func append(_ appends: [StreamAppend]) async throws -> AppendResult {
    let start = EventSpans.now
    let result = try await group.append(protection?.conceal(appends, on: nil) ?? appends)
    EventSpans.appended(appends, result, since: start)
    return result
  }

  /// Appends inside the caller's transaction, for facts that must be committed together with other rows.
  ///
  /// It takes the log's lock, which is held until that transaction ends: do it last, and commit at once. The transaction must be READ
  /// COMMITTED. After the commit, ``WakeUp/announce(_:)`` with the result's last position saves readers a second of waiting.
  public func append(_ appends: [StreamAppend], in connection: PostgresConnection) async throws -> AppendResult {
    let appends = try await protection?.conceal(appends, on: connection) ?? appends
    return try await Self.decide([appends], on: connection).outcomes[0].get()
  }

  public func page(after position: Position, limit: Int, filter: EventFilter) async throws -> EventPage {
    precondition(limit > 0, "a page without room tells nothing")
    if filter == .all {
      let limit = min(limit, Self.manyEvents.upperBound)
      let events =
        limit < Self.manyEvents.lowerBound
        ? try await events(Statements.events(after: position, limit: limit)) : try await copy(after: position, limit)
      return EventPage(events: events, through: events.last?.position ?? position, isLast: events.count < limit)
    }
    let limit = min(limit, Self.manyEvents.upperBound)
    let (head, rows) = try await pool.withConnection { connection in
      try await Self.rows(after: position, limit: limit, filter, on: connection)
    }
    let events = try await decode(rows)
    if events.count == limit, let last = events.last {
      return EventPage(events: events, through: last.position, isLast: false)
    }
    return EventPage(events: events, through: max(head, events.last?.position ?? position, position), isLast: true)
  }

  /// What a filter chooses, and a head up to which it chose from everything, because it was read before.
  private static func rows(
    after position: Position, limit: Int, _ filter: EventFilter, on connection: PostgresConnection
  ) async throws -> (head: Position, rows: PostgresRows?) {
    if let owner = filter.owner {
      let results = try await connection.pipeline([
        Statements.head, Statements.events(of: owner, after: position, limit: limit, filter),
      ])
      return (try Self.position(results[0]), results[1])
    }
    var types = filter.typeList
    guard let category = filter.category else {
      let chosen = types.isEmpty ? [] : [Statements.events(ofTypes: types, after: position, limit: limit)]
      let results = try await connection.pipeline([Statements.head] + chosen)
      return (try Self.position(results[0]), results.dropFirst().first)
    }
    // Up to the head only: of what comes while this looks, the category may get a type that it has not looked for.
    let results = try await connection.pipeline([Statements.head, Statements.types(of: category)])
    let head = try Self.position(results[0])
    let known = try results[1].map { try $0.decode(0, as: String.self) }
    types = filter.types == nil ? known : types.filter(known.contains)
    guard !types.isEmpty, head > position else { return (head, nil) }
    return (
      head,
      try await connection.query(
        Statements.events(ofTypes: types, after: position, through: head, limit: limit))
    )
  }

  public func read(stream: StreamName, after version: Int64, limit: Int) async throws -> [RecordedEvent] {
    try await events(Statements.events(in: stream, after: version, limit: limit))
  }

  public func events(at positions: [Position]) async throws -> [RecordedEvent] {
    positions.isEmpty ? [] : try await events(Statements.events(at: positions))
  }

  public func lastEvents(of streams: [StreamName]) async throws -> [StreamName: RecordedEvent] {
    guard !streams.isEmpty else { return [:] }
    let events = try await events(Statements.lastEvents(of: streams))
    return Dictionary(events.map { ($0.stream, $0) }) { first, _ in first }
  }

  public func head() async throws -> Position {
    let head = try Self.position(try await pool.query(Statements.head))
    LogMetrics.head(head)
    return head
  }

  /// Woken by appends of this process at once; by those of others while ``run()`` runs.
  public func wait(past position: Position, timeout: Duration) async {
    await wakeUp.wait(past: position, timeout: timeout)
  }

  public func subscribe(after position: Position, filter: EventFilter) -> EventSubscription {
    EventSubscription(
      pages: EventPages(start: position) { cursor, isBehind in
        let limit = isBehind ? Self.historyPageSize : Self.pageSize
        return try await self.page(after: cursor, limit: limit, filter: filter)
      } wait: { cursor in
        await self.wakeUp.wait(past: cursor, timeout: Self.slowPoll)
      })
  }

  /// Decides a batch under the lock on the head, and inserts what it accepts. Runs inside a transaction, on the connection's thread.
  static func decide(
    _ batch: [[StreamAppend]], on connection: isolated PostgresConnection
  ) async throws -> AppendPlan {
    let appends = batch.joined()
    let streams = Set(appends.map(\.stream.description))
    let ids = appends.flatMap { $0.events.map(\.id) }
    // One round trip; each statement sees what was committed before it began, so the second and third see all there is.
    let results = try await connection.pipeline([
      Statements.lockHead, Statements.versions(of: Array(streams)), Statements.places(of: ids),
    ])
    var known = AppendPlan.Known(head: try position(results[0]), versions: [:], events: [:])
    for row in results[1] {
      if let stream = StreamName(try row.decode(0, as: String.self)) { known.versions[stream] = try row.decode(1) }
    }
    for row in results[2] {
      guard let stream = StreamName(try row.decode(1, as: String.self)) else { continue }
      known.events[try row.decode(0)] = AppendPlan.Place(
        stream: stream, version: try row.decode(2), position: Position(try row.decode(3)),
        recordedAt: try row.decode(4))
    }
    var plan = AppendPlan(deciding: batch, against: known)
    if !plan.rows.isEmpty {
      let rows = try await connection.query(Statements.append(EventColumns(plan.rows), predecessors: []))
      let head = try position(rows)
      for row in rows { plan.record(at: try row.decode(1)) }
      guard head == plan.head else {
        throw PostgresError(.misuse, "the head moved under its lock, from \(known.head) to \(head)")
      }
    }
    return plan
  }

  private func events(_ query: Query) async throws -> [RecordedEvent] {
    try await decode(try await pool.query(query))
  }

  private func copy(after position: Position, _ limit: Int) async throws -> [RecordedEvent] {
    try await readable(
      pool.withConnection { connection in
        try await connection.copyOut(Statements.copy(after: position, limit: limit)) { rows throws(PostgresError) in
          var events: [RecordedEvent] = []
          events.reserveCapacity(limit)
          while try rows.next() { events.append(try RecordedEvent(&rows)) }
          return events
        }
      })
  }

  private func decode(_ rows: PostgresRows?) async throws -> [RecordedEvent] {
    guard let rows else { return [] }
    return try await readable(rows.map { row in try RecordedEvent(row) })
  }

  /// Stored events as readers see them. The stored version says what is concealed, so upcasters come last.
  private func readable(_ stored: [RecordedEvent]) async throws -> [RecordedEvent] {
    var events = stored
    try await protection?.reveal(&events)
    for index in events.indices { try upcasters.apply(to: &events[index]) }
    return events
  }

  private static func position(_ rows: PostgresRows) throws -> Position {
    guard let row = rows.first else {
      throw PostgresError(.misuse, "log.head has no row: the log's migration has not run, or was undone")
    }
    return Position(try row.decode(0))
  }
}
