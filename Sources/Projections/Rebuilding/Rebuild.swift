// SPDX-License-Identifier: Apache-2.0

import Domain
public import EventStore
public import Logging
public import Postgres

/// Makes projections' tables anew beside the live ones, compares them, and switches.
///
/// 1. New, empty tables from the blueprint, in the schema `<name>_next`, without the indexes that folding can do without.
/// 2. The log is read once from its beginning and folded into all of them at the same time, while the live tables are read and written
///    as ever. What is parked there is parked here too, if it still cannot be folded.
/// 3. The other indexes; then both are compared as one snapshot shows them, at the same position.
/// 4. Under the lock on the checkpoint, which makes the runners wait: the last events and the switch, as one transaction. The old tables
///    remain as `<name>_previous`, to which ``rollBack(_:pool:)`` returns.
/// 5. `system.projectionRebuilt` is appended.
///
/// Nothing outside the tables is told of replayed events: no metric, no live feed, no job. A rebuild that fails or is cancelled leaves
/// everything as it was. The live tables, or their schema, may be gone. How far it is stands in ``RebuildBoard`` for all processes.
public enum Rebuild {
  public struct Options: Sendable {
    /// Where there are no live tables to go by.
    public var onPoison = PoisonPolicy.park
    /// Whether events that the live tables have folded may be parked. Otherwise such an event fails the rebuild: tables that hold more are
    /// not replaced by a program that can read less.
    public var parksMore = false
    /// It was asked for over the board: if it is cancelled, somebody else takes it up.
    public var isRequested = false
    /// Events of one step; a multiple of what a runner takes, because nobody waits for each.
    var batchSize = 20_000
    /// Events that are left for the moment in which the live tables stand still.
    var rest: Int64 = 500

    public init(onPoison: PoisonPolicy = .park, parksMore: Bool = false, isRequested: Bool = false) {
      self.onPoison = onPoison
      self.parksMore = parksMore
      self.isRequested = isRequested
    }
  }

  /// Rebuilds one projection.
  ///
  /// - Parameter progress: called after each step.
  /// - Throws: ``RebuildError``, the database's error, or what the projection throws at an event.
  public static func run(
    _ projection: any Projection, pool: PostgresPool, log: any EventLog, options: Options = Options(),
    logger: Logger = Logger(label: "onefold.rebuild"),
    progress: @escaping @Sendable (RebuildProgress) -> Void = { _ in }
  ) async throws -> RebuildReport {
    try await run([projection], pool: pool, log: log, options: options, logger: logger, progress: progress)[0].get()
  }

  /// Rebuilds several at the same time, from one reading of the log. The failure of one does not concern the others.
  ///
  /// - Parameter pool: says where the database is and reports progress; each rebuild has connections of its own.
  /// - Returns: what became of each, in their order.
  public static func run(
    _ projections: [any Projection], pool: PostgresPool, log: any EventLog, options: Options = Options(),
    logger: Logger = Logger(label: "onefold.rebuild"),
    progress: @escaping @Sendable (RebuildProgress) -> Void = { _ in }
  ) async -> [Result<RebuildReport, any Error>] {
    let reporter = RebuildReporter(
      board: RebuildBoard(pool: pool), options: options, logger: logger, progress: progress)
    return await withTaskGroup(of: Void.self) { group in
      group.addTask { await reporter.run() }
      let runs = await concurrently(projections) { projection in
        try await RebuildRun.begin(
          projection, pool: pool, log: log, options: options, isAlone: projections.count == 1, reporter: reporter,
          logger: logger)
      }
      await replay(runs.compactMap { try? $0.get() }, log: log, options)
      let results = await concurrently(runs) { run in
        let report = try await run.get().finish()
        try await record(report, in: log)
        return report
      }
      for (projection, result) in zip(projections, results) { await reporter.ended(projection.name, result) }
      group.cancelAll()
      return results
    }
  }

  /// Makes the tables live again that the last rebuild replaced, once they have caught up with those that are live now, which are kept in
  /// their place: a second call undoes the first. Takes as long as folding what has happened since the rebuild.
  ///
  /// - Throws: ``RebuildError``, the database's error, or ``UnfoldableEvent``.
  public static func rollBack(
    _ projection: String, pool: PostgresPool, log: any EventLog, logger: Logger = Logger(label: "onefold.rebuild")
  ) async throws {
    guard let projection = ProjectionCatalog.projection(named: projection) else {
      throw RebuildError.unknownProjection(projection)
    }
    var configuration = pool.configuration
    configuration.statementTimeout = nil
    let connection = try await PostgresConnection.connect(configuration, logger: logger)
    let result: Result<Void, any Error>
    do {
      result = .success(try await Rollback(projection: projection, log: log, connection: connection).run())
    } catch { result = .failure(error) }
    await connection.closeAfterRebuilding()
    try result.get()
  }

  /// One reading for all, a page ahead of the folds. Each run takes what is for it, and goes on by itself from where it has to stop.
  private static func replay(_ runs: [RebuildRun], log: any EventLog, _ options: Options) async {
    do {
      let types = runs.map(\.projection.filter.types)
      let filter = types.contains(nil) ? .all : EventFilter.types(types.reduce(into: []) { $0.formUnion($1 ?? []) })
      @Sendable func read(after position: Position) async throws -> [EventPage] {
        try await log.page(after: position, limit: options.batchSize, filter: filter).parts(for: types)
      }
      var start = Position.start
      var parts = try await read(after: start)
      while try await isWorthwhile(runs, after: start, options), let through = parts.first?.through, through > start {
        async let following = read(after: through)
        _ = await concurrently(Array(zip(runs, parts))) { [start] run, part in await run.fold(part, from: start) }
        start = through
        parts = try await following
      }
    } catch {
      for run in runs { await run.fail(error) }
    }
  }

  /// Whether there is more to fold than a switch may wait for.
  private static func isWorthwhile(_ runs: [RebuildRun], after position: Position, _ options: Options) async throws
    -> Bool
  {
    for run in runs where try await run.aim().rawValue - position.rawValue > options.rest { return true }
    return false
  }

  private static func record(_ report: RebuildReport, in log: any EventLog) async throws {
    let event = ProjectionRebuilt(
      projection: report.projection, position: report.position.rawValue, rows: report.rows, digest: report.digest)
    _ = try await log.append(
      to: StreamName(category: "system", id: "projections"), expected: .any, [try NewEvent(event)])
  }

  /// All at the same time; the results in the order of the items.
  private static func concurrently<Item: Sendable, Output: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Output
  ) async -> [Result<Output, any Error>] {
    await withTaskGroup(of: (Int, Result<Output, any Error>).self) { group in
      for (number, item) in items.enumerated() {
        group.addTask {
          do { return (number, .success(try await body(item))) } catch { return (number, .failure(error)) }
        }
      }
      var results: [Int: Result<Output, any Error>] = [:]
      for await (number, result) in group { results[number] = result }
      return items.indices.compactMap { results[$0] }
    }
  }
}
