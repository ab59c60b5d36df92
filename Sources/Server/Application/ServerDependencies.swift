// SPDX-License-Identifier: Apache-2.0

public import Accounts
public import BlobStore
public import EventStore
public import Parsing
public import Postgres
public import Projections
public import Redis
public import Telemetry

/// What the server stands on. Whoever makes these runs those of them that are services.
public struct ServerDependencies: Sendable {
  /// For the read tables.
  public var pool: PostgresPool
  /// Asked what workers have in hand; nothing else depends on it.
  public var redis: RedisClient
  public var log: any EventLog
  public var blobs: any BlobStore
  /// For evidence and previews.
  public var parser: Parser
  public var ledger: FileLedger
  public var accounts: AccountDirectory
  public var sessions: Sessions
  public var eraser: Eraser
  public var tokens: Tokens
  public var positions: ProjectionPositions
  public var readiness: Readiness
  public var metrics: PrometheusRegistry

  public init(
    pool: PostgresPool, redis: RedisClient, log: any EventLog, blobs: any BlobStore, parser: Parser, ledger: FileLedger,
    accounts: AccountDirectory,
    sessions: Sessions, eraser: Eraser, tokens: Tokens, positions: ProjectionPositions, readiness: Readiness,
    metrics: PrometheusRegistry
  ) {
    self.pool = pool
    self.redis = redis
    self.log = log
    self.blobs = blobs
    self.parser = parser
    self.ledger = ledger
    self.accounts = accounts
    self.sessions = sessions
    self.eraser = eraser
    self.tokens = tokens
    self.positions = positions
    self.readiness = readiness
    self.metrics = metrics
  }
}
