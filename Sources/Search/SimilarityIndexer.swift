// SPDX-License-Identifier: Apache-2.0

import DedupEngine
import Domain
public import EventStore
import Foundation
public import Logging
public import Postgres
public import Projections
public import ServiceLifecycle

/// Follows the log and keeps the indexes in OpenSearch up with it: the one that is asked, and any that is being filled to take its place.
///
/// Any number may run, in any number of processes: the lock on an index's row lets one write at a time. Everything it writes may be written again.
/// An index that has vanished is made and filled anew; until it has caught up, whoever needs it waits.
public final class SimilarityIndexer: Service {
  private static let pageSize = 1000
  private static let eventTypes: Set<String> = [
    FileUploaded.eventType, ContentSketched.eventType, AccountErased.eventType,
  ]
  /// Between two looks at what OpenSearch has.
  private static let checkInterval = Duration.seconds(30)

  private let pool: PostgresPool
  private let log: any EventLog
  private let positions: ProjectionPositions
  private let client: OpenSearchClient
  private let indexes: SearchIndexes
  private let logger: Logger

  public init(
    client: OpenSearchClient, pool: PostgresPool, log: any EventLog, positions: ProjectionPositions, logger: Logger
  ) {
    self.client = client
    self.pool = pool
    self.log = log
    self.positions = positions
    indexes = SearchIndexes(pool: pool)
    self.logger = logger
  }

  /// Returns at graceful shutdown, or when cancelled.
  public func run() async throws { await cancelWhenGracefulShutdown { await self.follow() } }

  private func follow() async {
    var failures = 0
    var lastCheck: ContinuousClock.Instant?
    while !Task.isCancelled {
      do {
        let now = ContinuousClock.now
        if lastCheck.map({ $0 + Self.checkInterval < now }) ?? true {
          try await check()
          lastCheck = now
        }
        var steps: [Step] = []
        for index in try await indexes.all() { steps.append(try await step(index.name)) }
        failures = 0
        if steps.contains(.moved) { continue }
        // Nothing is new: until there is, or somebody asks for another index.
        let reached = steps.compactMap { if case .upToDate(let position) = $0 { position.rawValue } else { nil } }.min()
        if let reached {
          let next = Position(reached + 1)
          try? await positions.wait(for: [SimilarityProjection.name], toReach: next, timeout: .seconds(1))
        } else {
          try await Task.sleep(for: .seconds(1))
        }
      } catch {
        guard !Task.isCancelled else { return }
        failures += 1
        lastCheck = nil
        logger.warning("The index in OpenSearch waits", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(min(10_000, 100 << min(failures, 7))))
      }
    }
  }

  // MARK: What there is

  /// Makes what is known here and what is there agree: an index that is not there is made anew, and the alias says which one is asked.
  private func check() async throws {
    try await pool.transaction { [self] connection in
      guard try await connection.query(Self.tryLock).first?.decode(0) == true else { return }
      let live = try await client.liveIndexes()
      try await connection.execute("UPDATE search.index SET is_live = name = ANY(\(live.sorted()))")
      var names = try await connection.query("SELECT name FROM search.index ORDER BY name FOR UPDATE SKIP LOCKED").map {
        try $0.decode(0, as: String.self)
      }
      let hasLive = try await connection.query("SELECT FROM search.index WHERE is_live").isEmpty == false
      if names.isEmpty, !hasLive {
        names = [SearchIndexes.newName(client.alias)]
        try await connection.execute("INSERT INTO search.index (name) VALUES (\(names[0]))")
      }
      for name in names where try await !client.exists(name) {
        // What was written is gone with it.
        try await connection.execute("UPDATE search.index SET position = 0 WHERE name = \(name)")
        try await client.create(name)
        logger.notice("An index was made in OpenSearch and is being filled", metadata: ["index": "\(name)"])
      }
    }
  }

  private static let tryLock: Query = "SELECT pg_try_advisory_xact_lock(\(Int64(0x73_6561_7263_68)))"

  // MARK: Following

  private enum Step: Equatable {
    case moved
    case upToDate(Position)
    /// Another process writes it, or the projection of similarity is behind.
    case waits
  }

  /// Writes one page of the log's contents into an index.
  private func step(_ name: String) async throws -> Step {
    let (step, superseded) = try await pool.transaction { [self] connection -> (Step, Set<String>) in
      let rows = try await connection.query(
        "SELECT position, is_live FROM search.index WHERE name = \(name) FOR UPDATE SKIP LOCKED")
      guard let row = rows.first else { return (.waits, []) }
      let (position, isLive) = try row.decode((Int64, Bool).self)
      let page = try await log.page(after: Position(position), limit: Self.pageSize, filter: .types(Self.eventTypes))
      guard page.through.rawValue > position else {
        return (.upToDate(Position(position)), isLive ? [] : try await takeOver(name, on: connection))
      }
      do {
        // The sketches are read where that has put them.
        try await positions.wait(for: [SimilarityProjection.name], toReach: page.through, timeout: .seconds(5))
      } catch is WaitTimeout {
        return (.waits, [])
      }
      try await write(page, into: name, isVisible: isLive, on: connection)
      try await connection.execute(
        "UPDATE search.index SET position = \(page.through.rawValue) WHERE name = \(name)")
      if isLive { SearchMetrics.moved(to: page.through.rawValue) }
      return (.moved, [])
    }
    for old in superseded {
      do { try await client.delete(old) } catch {
        logger.warning(
          "An index that is not asked any more could not be removed: remove it by hand",
          metadata: ["index": "\(old)", "error": "\(error)"])
      }
    }
    return step
  }

  /// Makes an index that has caught up the one that is asked.
  /// - Returns: those whose place it took.
  private func takeOver(_ name: String, on connection: PostgresConnection) async throws -> Set<String> {
    try await client.refresh(name)
    let old = try await client.liveIndexes()
    try await client.makeLive(name, insteadOf: old)
    try await connection.execute("DELETE FROM search.index WHERE name = ANY(\(old.subtracting([name]).sorted()))")
    try await connection.execute("UPDATE search.index SET is_live = true WHERE name = \(name)")
    logger.notice("An index in OpenSearch has caught up and is asked now", metadata: ["index": "\(name)"])
    return old.subtracting([name])
  }

  private struct Named: Decodable { let digest: Digest }

  private func write(
    _ page: EventPage, into name: String, isVisible: Bool, on connection: PostgresConnection
  ) async throws {
    var uploads: (owners: [UUID], digests: [String]) = ([], [])
    var sketches: [String] = []
    var erased: [UUID] = []
    for event in page.events {
      if event.type == AccountErased.eventType {
        if let owner = event.owner { erased.append(owner) }
        continue
      }
      let digest = try CanonicalJSON.decode(Named.self, from: event.payload).digest.description
      if event.type == ContentSketched.eventType { sketches.append(digest) }
      if event.type == FileUploaded.eventType, let owner = event.owner {
        uploads.owners.append(owner)
        uploads.digests.append(digest)
      }
    }
    let documents = try await connection.query(
      Self.documents(owners: uploads.owners, digests: uploads.digests, sketched: sketches)
    ).compactMap { row in
      let (owner, digest, algorithm, signature) = try row.decode((UUID, String, String, [UInt8]).self)
      return SimilarityDocument(
        owner: owner, digest: digest, sketch: StoredSketch(algorithm: algorithm, signature: signature))
    }
    if !documents.isEmpty {
      let (refused, reason) = try await client.write(
        documents, into: name, at: page.through.rawValue, isVisible: isVisible)
      SearchMetrics.indexed(documents.count - refused)
      if refused > 0 {
        SearchMetrics.reject(refused)
        logger.error(
          "OpenSearch refused documents for good: their contents are not found there",
          metadata: ["count": "\(refused)", "reason": "\(reason ?? "")"])
      }
    }
    for owner in erased { try await client.delete(owner: owner, from: name) }
  }

  /// Of contents that came to an owner, and of those whose sketch came, whoever has them.
  private static func documents(owners: [UUID], digests: [String], sketched: [String]) -> Query {
    """
    SELECT fingerprint.owner, fingerprint.digest, algorithm, signature
    FROM (
      SELECT * FROM unnest(\(owners), \(digests)) AS upload (owner, digest)
      UNION
      SELECT owner, digest FROM similarity.placement WHERE digest = ANY (\(sketched))
    ) AS wanted
    CROSS JOIN LATERAL (
      SELECT owner, digest, algorithm, signature
      FROM similarity.fingerprint
      WHERE fingerprint.owner = wanted.owner AND fingerprint.digest = wanted.digest
      LIMIT \(SketchAlgorithm.allCases.count)
    ) AS fingerprint
    """
  }
}
