// SPDX-License-Identifier: Apache-2.0

public import EventStore
public import Logging
public import Postgres
public import ServiceLifecycle

/// Does the rebuilds that are asked for on the board, and drops replaced tables whose time is over. Any number may run, in any number
/// of processes: each request is taken by one.
public struct RebuildService: Service {
  public struct Options: Sendable {
    /// How long replaced tables are kept.
    public var rollbackWindow = Duration.seconds(24 * 3600)
    public var onPoison = PoisonPolicy.park
    /// Between two looks at the board.
    public var poll = Duration.seconds(1)
    /// Between two sweeps.
    public var sweep = Duration.seconds(60)

    public init() {}
  }

  private let pool: PostgresPool
  private let log: any EventLog
  private let options: Options
  private let logger: Logger

  public init(pool: PostgresPool, log: any EventLog, options: Options = Options(), logger: Logger) {
    self.pool = pool
    self.log = log
    self.options = options
    self.logger = logger
  }

  /// Until graceful shutdown. A rebuild under way is then given up and taken up again by whoever looks next.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await every(options.sweep, "Replaced tables could not be swept") { try await sweep() } }
        group.addTask {
          await withDiscardingTaskGroup { rebuilds in
            await every(options.poll, "Rebuilds could not be looked for") {
              let names = try await RebuildBoard(pool: pool).take()
              if !names.isEmpty { rebuilds.addTask { await rebuild(names) } }
            }
          }
        }
      }
    }
  }

  private func every(_ interval: Duration, _ complaint: String, _ body: () async throws -> Void) async {
    while !Task.isCancelled {
      do {
        try await body()
      } catch  where !Task.isCancelled {
        logger.warning("\(complaint)", metadata: ["error": "\(error)"])
      } catch {}
      try? await Task.sleep(for: interval)
    }
  }

  private func rebuild(_ names: [String]) async {
    let results = await Rebuild.run(
      names.compactMap(ProjectionCatalog.projection(named:)), pool: pool, log: log,
      options: Rebuild.Options(onPoison: options.onPoison, isRequested: true), logger: logger)
    for result in results {
      switch result {
      case .success(let report):
        logger.notice(
          "A projection was rebuilt",
          metadata: ["projection": "\(report.projection)", "position": "\(report.position)", "rows": "\(report.rows)"])
      case .failure(let error): logger.warning("A rebuild has failed", metadata: ["error": "\(error)"])
      }
    }
  }

  private func sweep() async throws {
    for row in try await pool.query(Rebuild.Statements.sweep(olderThan: options.rollbackWindow)) {
      let name = try row.decode(0, as: String.self)
      logger.info("Replaced tables were dropped", metadata: ["projection": "\(name)"])
    }
  }
}
