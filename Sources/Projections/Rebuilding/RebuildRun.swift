// SPDX-License-Identifier: Apache-2.0

import Domain
import EventStore
import Logging
import Postgres

/// The rebuild of one projection, on a connection of its own, which also holds the lock that lets one rebuild it at a time.
actor RebuildRun {
  nonisolated let projection: any Projection
  let connection: PostgresConnection
  let log: any EventLog
  private let configuration: PostgresConfiguration
  private let options: Rebuild.Options
  private let reporter: RebuildReporter
  private let logger: Logger
  private let start = ContinuousClock.now
  /// Everything up to it is in the new tables.
  private var position = Position.start
  /// Where the live tables were when somebody last looked; the end of the log when there are none.
  private var target = Position.start
  private var parked: [ParkedEvent] = []
  private var alreadyParked: Set<Position> = []
  private var hasLiveTables = false
  /// The projection while its new tables are filled without keys.
  private var loading: (any BulkLoading)?
  private var failure: (any Error)?

  private nonisolated var name: String { projection.name }
  private nonisolated var next: String { "\(projection.name)_next" }

  private init(
    _ projection: any Projection, connection: PostgresConnection, configuration: PostgresConfiguration,
    log: any EventLog, options: Rebuild.Options, reporter: RebuildReporter, logger: Logger
  ) {
    self.projection = projection
    self.connection = connection
    self.configuration = configuration
    self.log = log
    self.options = options
    self.reporter = reporter
    self.logger = logger
  }

  /// Empty tables beside the live ones.
  ///
  /// - Throws: ``RebuildError/alreadyRunning(projection:)``, or the database's error.
  static func begin(
    _ projection: any Projection, pool: PostgresPool, log: any EventLog, options: Rebuild.Options,
    isAlone: Bool, reporter: RebuildReporter, logger: Logger
  ) async throws -> RebuildRun {
    var configuration = pool.configuration
    // An index over everything takes as long as it takes.
    configuration.statementTimeout = nil
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    do {
      let isFree = try await connection.query(Rebuild.Statements.tryLock(projection.name)).first?.decode(
        0, as: Bool.self)
      guard isFree == true else { throw RebuildError.alreadyRunning(projection: projection.name) }
      let run = RebuildRun(
        projection, connection: connection, configuration: configuration, log: log, options: options,
        reporter: reporter, logger: logger)
      try await run.prepare(isAlone: isAlone)
      return run
    } catch {
      await connection.closeAfterRebuilding()
      throw error
    }
  }

  /// - Parameter isAlone: whether no other rebuild has work for the server's processors.
  private func prepare(isAlone: Bool) async throws {
    if !isAlone { _ = try await connection.pipeline(Rebuild.Statements.withoutWorkers) }
    _ = try await connection.execute(Checkpoint.create(name, version: projection.version))
    loading = projection as? any BulkLoading
    _ = try await connection.query(Rebuild.Statements.begin(name, constrained: loading == nil))
    if let loading { _ = try await connection.pipeline(type(of: loading).beginLoading) }
    let positions = try await connection.query(ParkedEvents.Statements.positions(name))
    alreadyParked = Set(try positions.map { Position(try $0.decode(0)) })
    try await reporter.began(name)
    try await aim()
  }

  /// Looks again where the live tables are.
  @discardableResult
  func aim() async throws -> Position {
    guard failure == nil else { return .start }
    let rows = try await connection.pipeline([Checkpoint.read(name), Rebuild.Statements.isComplete(name)])
    hasLiveTables = try rows[1].first?.decode(0, as: Bool.self) ?? false
    if hasLiveTables, let row = rows[0].first {
      target = try Checkpoint(row).position
    } else {
      target = try await log.head()
    }
    return target
  }

  /// Takes what is for it of a page that begins after `start`, up to where the live tables are. What does not follow is not for it.
  func fold(_ page: EventPage, from start: Position) async {
    guard failure == nil, position == start, start < target else { return }
    do {
      try await fold(page)
      report(.folding)
    } catch {
      failure = error
    }
  }

  func fail(_ error: any Error) { failure = failure ?? error }

  /// Indexes, comparison, switch. Whether it succeeds or throws, the connection is closed afterwards.
  func finish() async throws -> RebuildReport {
    do {
      if let failure { throw failure }
      let report = try await complete()
      await connection.closeAfterRebuilding()
      return report
    } catch {
      await discard()
      throw error
    }
  }

  private func complete() async throws -> RebuildReport {
    if loading != nil {
      try await catchUp()
      try await finishLoading()
    }
    report(.indexing)
    _ = try await connection.query(Rebuild.Statements.index(name))
    try await catchUp()
    let (built, building) = (position, start.duration(to: .now))
    report(.comparing)
    let (rebuilt, comparison) = try await compare()
    try await catchUp()
    try await holdingLive { connection in
      let rows = try await connection.query(
        Rebuild.Statements.finish(name, version: projection.version, position: position))
      if !parked.isEmpty, let generation = try rows.first?.decode(0, as: Int64.self) {
        _ = try await connection.execute(ParkedEvents.Statements.park(parked, generation: generation))
      }
    }
    report(.comparing)
    return RebuildReport(
      projection: name, position: position, tables: rebuilt.tables, digest: rebuilt.digest, comparison: comparison,
      parked: parked.count, duration: start.duration(to: .now),
      eventsPerSecond: Double(built.rawValue) / max(building / .seconds(1), 1e-6))
  }

  // MARK: - Folding

  private func fold(_ page: EventPage) async throws {
    let page = page.prefix(through: target)
    let failed = try await page.foldPatiently { part in
      try await inNextTables { [projection, loading] connection in
        if let loading {
          try await loading.loadWhole(part.events, on: connection)
        } else {
          try await projection.fold(part.events, on: connection)
        }
      }
    }
    for (event, error) in failed { try park(event, after: error) }
    position = page.through
  }

  private func inNextTables(_ body: (PostgresConnection) async throws -> Void) async throws {
    try await connection.transaction(FoldTransaction.options) { [next] connection in
      _ = try await connection.query(FoldTransaction.prepare(schema: next))
      try await body(connection)
    }
  }

  /// Gives what was loaded its meaning and its keys. If there is an event in it that tables with keys would have refused, begins again
  /// with those, which find it.
  private func finishLoading() async throws {
    guard let loading else { return }
    report(.indexing)
    do {
      try await inNextTables { try await loading.mergeWhole(on: $0) }
      _ = try await connection.query(Rebuild.Statements.constrain(name))
      self.loading = nil
      try await connection.script("DISCARD TEMP")
    } catch let error where Self.isRefusal(error) {
      logger.notice("A rebuild begins again: an event cannot be folded", metadata: ["projection": "\(name)"])
      self.loading = nil
      (position, parked) = (.start, [])
      try await connection.script("DISCARD TEMP")
      _ = try await connection.query(Rebuild.Statements.begin(name))
      try await catchUp()
    }
  }

  /// Whether the rows are to blame, and not reaching the database or a cancellation.
  private static func isRefusal(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError else { return error is UnmergeableRows }
    return error.code == .server && !error.isTransient && error.sqlState != "57014"
  }

  private func park(_ event: RecordedEvent, after error: FoldError) throws {
    let isAllowed =
      alreadyParked.contains(event.position) || options.parksMore || !hasLiveTables && options.onPoison == .park
    guard isAllowed, parked.count < PoisonPolicy.limit else {
      throw UnfoldableEvent(position: event.position, type: event.type, underlying: error)
    }
    parked.append(ParkedEvent(event, in: projection, error: error, attempts: 1))
  }

  /// Reads by itself what has come since, until little is left.
  private func catchUp() async throws {
    while try await aim().rawValue - position.rawValue > options.rest { try await foldToTarget() }
  }

  private func foldToTarget() async throws {
    while position < target {
      try await fold(try await log.page(after: position, limit: options.batchSize, filter: projection.filter))
    }
  }

  /// Runs `body` in a transaction in which the live tables stand still, and the new ones are at the same position.
  private func holdingLive(_ body: (PostgresConnection) async throws -> Void) async throws {
    let guardian = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<Void, any Error>
    do {
      try await guardian.transaction(FoldTransaction.options) { guardian in
        _ = try await guardian.query(Checkpoint.lock(name))
        try await aim()
        try await foldToTarget()
        try await body(guardian)
      }
      result = .success(())
    } catch { result = .failure(error) }
    await guardian.close()
    try result.get()
  }

  private func report(_ state: RebuildStatus.State) {
    let seconds = start.duration(to: .now) / .seconds(1)
    reporter.moved(
      RebuildProgress(
        projection: name, state: state, position: position, target: target,
        eventsPerSecond: seconds > 0 ? Double(position.rawValue) / seconds : 0))
  }

  /// Cancelled or not, what was begun goes. If not even that is possible, the next rebuild begins with it.
  private func discard() async {
    let discarding = Task { [connection, name] in _ = try await connection.query(Rebuild.Statements.discard(name)) }
    if case .failure(let failure) = await discarding.result {
      logger.warning("The tables of a failed rebuild remain", metadata: ["error": "\(failure)"])
    }
    await connection.closeAfterRebuilding()
  }
}

// MARK: - Comparing

extension RebuildRun {
  private struct Tables {
    var tables: [RebuildReport.Table]
    var digest: Digest
  }

  /// As one snapshot shows both at the same position; the live tables go on meanwhile.
  private func compare() async throws -> (Tables, RebuildReport.Comparison) {
    try await aim()
    guard hasLiveTables else { return (try await tables(of: next), .nothingLive) }
    try await holdingLive { _ in
      // A snapshot is taken by the first statement after BEGIN.
      try await connection.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT")
    }
    let rebuilt = try await tables(of: next)
    let comparison: RebuildReport.Comparison
    if try await tables(of: name).digest == rebuilt.digest {
      comparison = .equal
    } else {
      comparison = try await differences()
    }
    try await connection.script("COMMIT")
    return (rebuilt, comparison)
  }

  private func differences() async throws -> RebuildReport.Comparison {
    let rows = try await connection.query(Rebuild.Statements.differences(name, limit: 20))
    return .different(
      rows: try rows.first?.decode(3, as: Int64.self) ?? 0,
      first: try rows.map { row in
        let (table, live, rebuilt, _) = try row.decode((String, String?, String?, Int64).self)
        return RebuildReport.Difference(table: table, live: live, rebuilt: rebuilt)
      })
  }

  private func tables(of schema: String) async throws -> Tables {
    let rows = try await connection.query(Rebuild.Statements.digests(of: name, in: schema))
    // A projection without tables has no blueprint, which the database refuses.
    let whole = try rows.first?.decode(3, as: String.self) ?? ""
    let tables = try rows.map { row in
      let (table, count, digest, _) = try row.decode((String, Int64, String, String).self)
      return RebuildReport.Table(name: table, rows: count, digest: try Digest.read(digest))
    }
    return Tables(tables: tables, digest: try Digest.read(whole))
  }
}
