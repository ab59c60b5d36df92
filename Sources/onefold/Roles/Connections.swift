// SPDX-License-Identifier: Apache-2.0

import Accounts
import BlobStore
import EventStore
import Foundation
import Jobs
import Logging
import Parsing
import Postgres
import Projections
import Redis
import Search
import ServiceLifecycle
import Workers

/// What every role stands on: Postgres, Redis, and the log over both.
struct Connections: Sendable {
  let pool: PostgresPool
  let redis: RedisClient
  let keys: PersonalKeys
  let log: PostgresEventLog
  let positions: ProjectionPositions
  let logger: Logger

  init(_ settings: Settings, logger: Logger) throws {
    let database = try PostgresConfiguration(
      url: settings.requiredDatabaseURL(), role: ApplicationRole.name)
    pool = PostgresPool(configuration: database, size: settings.databasePoolSize, logger: logger)
    redis = RedisClient(configuration: try RedisConfiguration(url: settings.requiredRedisURL()), logger: logger)
    keys = try PersonalKeys(pool: pool, secret: settings.keySecret)
    log = PostgresEventLog(pool: pool, redis: redis, protection: PersonalProtection(keys: keys), logger: logger)
    positions = ProjectionPositions(pool: pool, redis: redis, logger: logger)
    self.logger = logger
  }

  /// In the order of starting; they stop in reverse.
  var services: [any Service] { [pool, redis, log, positions] }

  /// The folds, each a service of its own, and what rebuilds them on request.
  func projections(_ settings: Settings) -> [any Service] {
    var running = ProjectionRunner.Options()
    running.onPoison = settings.onPoison
    var rebuilding = RebuildService.Options()
    rebuilding.onPoison = settings.onPoison
    rebuilding.rollbackWindow = settings.rollbackWindow
    let runners = ProjectionCatalog.all.map {
      ProjectionRunner(
        $0, pool: pool, log: log, redis: redis, positions: positions, options: running, logger: logger)
    }
    return runners + indexer(settings) + [
      RebuildService(pool: pool, log: log, options: rebuilding, logger: logger),
      QueueGauges(jobs: JobViews(pool: pool), redis: redis, logger: logger),
      StoreGauges(health: StoreHealth(pool: pool), logger: logger),
    ]
  }

  /// What keeps OpenSearch up with the log, where that is configured.
  private func indexer(_ settings: Settings) -> [any Service] {
    settings.openSearch.map { configuration in
      [
        SimilarityIndexer(
          client: OpenSearchClient(configuration), pool: pool, log: log, positions: positions, logger: logger)
      ]
    } ?? []
  }

  /// Where contents are looked up that others may be like.
  private func candidates(_ settings: Settings) -> any CandidateIndex {
    if let configuration = settings.openSearch {
      OpenSearchCandidates(client: OpenSearchClient(configuration), pool: pool)
    } else {
      PostgresCandidates(pool: pool, positions: positions)
    }
  }

  /// The relay, and what goes with it: schedules, and the search for lost jobs.
  func relay(_ settings: Settings) -> [any Service] {
    let relay = relay
    return [relay, lostJobs(relay), scheduler(settings)]
  }

  private var relay: Relay {
    let jobs = JobViews(pool: pool)
    let target = JobRelay(log: log) { try await jobs.resumePosition() }
    return Relay(log: log, pool: pool, redis: redis, target: target, logger: logger)
  }

  /// Where a seal key is configured, what seals the log; elsewhere nothing.
  func sealer(_ settings: Settings) throws -> [any Service] {
    guard let keys = try settings.sealKeys() else {
      logger.notice("No seal key is configured here, so this process does not seal the log")
      return []
    }
    if settings.sealsFile == nil {
      logger.warning("Seals go to no second place: whoever owns the database can cut the end of the log unseen")
    }
    return [
      Sealer(pool: pool, keys: keys, policy: settings.sealPolicy, copyPath: settings.sealsFile, logger: logger)
    ]
  }

  /// What runs jobs, and what it needs to find first.
  func workers(_ settings: Settings, blobs: any ExaminedBlobStore) -> [any Service] {
    let parser = Parser(logger: logger)
    var options = WorkerOptions()
    options.concurrency = settings.concurrency
    options.classes = Set(settings.classes)
    let finder = ProjectedDuplicateFinder(files: FileViews(pool: pool), positions: positions)
    let index = ProjectedSimilarityIndex(candidates: candidates(settings))
    let pool = WorkerPool(
      redis: redis, log: log,
      handlers: [
        AnalyzeJob(log: log, blobs: blobs, finder: finder, parser: parser), CompareJob(log: log, index: index),
      ] + periodicJobs(settings, blobs: blobs),
      options: options, logger: logger)
    return [PackRecovery(blobs: blobs, reclaimer: reclaimer(settings, blobs: blobs), logger: logger), pool]
  }

  func reclaimer(_ settings: Settings, blobs: any ExaminedBlobStore) -> Reclaimer {
    Reclaimer(pool: pool, log: log, blobs: blobs, grace: settings.reclaimGrace, logger: logger)
  }

  func eraser(_ ledger: FileLedger, _ reclaimer: Reclaimer) -> Eraser {
    Eraser(
      pool: pool, log: log, keys: keys, ledger: ledger, positions: positions, reclaimer: reclaimer, logger: logger)
  }

  /// Closes what a command opened without running the services.
  func close() async {
    await redis.close()
    await pool.close()
  }
}

/// Runs `body` on connections that are closed afterwards.
func withConnections(_ options: CommonOptions, _ body: (Connections) async throws -> Void) async throws {
  let settings = try await options.settings().findingServices()
  let connections = try Connections(settings, logger: settings.startLogging())
  let result: Result<Void, any Error>
  do { result = .success(try await body(connections)) } catch { result = .failure(error) }
  await connections.close()
  try result.get()
}

extension Settings {
  /// The bytes, as this process reads and writes them.
  func openBlobs(_ connections: Connections) async throws -> any ExaminedBlobStore {
    guard let s3 else {
      return try LocalBlobStore(root: blobsDirectory.path, database: connections.pool, compression: compression)
    }
    try FileManager.default.createDirectory(
      at: blobsDirectory.deletingLastPathComponent(), withIntermediateDirectories: true)
    let pool = connections.pool
    let store = try S3BlobStore(s3, staging: blobsDirectory.path, database: pool, compression: compression) {
      // The same after a restore, and no other's.
      try await pool.query("SELECT id FROM log.event WHERE position = 1").decode(UUID.self).first
    }
    try await store.claim()
    return store
  }

  func requiredDatabaseURL() throws -> String {
    guard let databaseURL else {
      throw CommandError("Which database? Set DATABASE_URL (or --database-url). `onefold up` starts its own.")
    }
    return databaseURL
  }

  /// - Throws: when the secret is missing, for whoever will read or write what is personal.
  func requireKeySecret() throws {
    guard keySecret != nil else { throw CommandError(PersonalKeyError.noSecret.description) }
  }

  func requiredRedisURL() throws -> String {
    guard let redisURL else {
      throw CommandError("Which Redis? Set REDIS_URL (or --redis-url). `onefold up` starts its own.")
    }
    return redisURL
  }
}
