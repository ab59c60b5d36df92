// SPDX-License-Identifier: Apache-2.0

public import Foundation
public import Postgres
import Synchronization

/// The key of each person, kept in `personal.key`, wrapped under a master key.
///
/// A process remembers a key for ``lifetime``: so long after its destruction some process may still read what was written under it.
public final class PersonalKeys: Sendable {
  public static let lifetime = Duration.seconds(5)
  /// How many are remembered at most; some 5 MB.
  private static let memory = 50_000

  enum Standing: Sendable {
    case kept(PersonalKey)
    case destroyed
  }

  private struct Known {
    var standing: Standing
    var readAt: ContinuousClock.Instant
  }

  private let pool: PostgresPool
  private let master: MasterKey?
  private let known = Mutex<[UUID: Known]>([:])

  /// - Parameter secret: outside the database, the same for all processes; nil for one that touches nothing personal.
  /// - Throws: ``PersonalKeyError/secretTooShort(bytes:minimum:)``.
  public init(pool: PostgresPool, secret: String?) throws(PersonalKeyError) {
    self.pool = pool
    if let secret { master = try MasterKey(secret: Array(secret.utf8)) } else { master = nil }
  }

  /// Looks whether the secret is the one that the keys were wrapped under. One look at one key.
  ///
  /// - Throws: ``PersonalKeyError/noSecret``, ``PersonalKeyError/wrongSecret``, or the database's error.
  public func check() async throws {
    let master = try unlocked()
    for row in try await pool.query(Self.anyKey) { _ = try Self.standing(row, master) }
  }

  /// The keys of these accounts, kept or destroyed: one query for those that are not remembered, or not for long enough.
  ///
  /// - Throws: ``PersonalKeyError``, or the database's error.
  func standings(of accounts: Set<UUID>) async throws -> [UUID: Standing] {
    var standings = remembered(accounts)
    let rest = accounts.filter { standings[$0] == nil }
    guard !rest.isEmpty else { return standings }
    let readAt = ContinuousClock.now
    for row in try await pool.query(Self.keys(of: Array(rest))) {
      standings[try row.decode(0)] = try Self.standing(row, unlocked())
    }
    remember(standings.filter { rest.contains($0.key) }, readAt)
    return standings
  }

  /// Keys to write under; they are made for accounts that have none.
  ///
  /// - Parameter connection: of a transaction, in which keys are made then, and which sees those that it made before.
  /// - Throws: ``PersonalKeyError``, or the database's error.
  func keys(of accounts: Set<UUID>, on connection: PostgresConnection?) async throws -> [UUID: PersonalKey] {
    var standings = remembered(accounts)
    let rest = accounts.filter { standings[$0] == nil }
    if !rest.isEmpty {
      let readAt = ContinuousClock.now
      // Remembered only when it is committed: a key that is rolled back must never have been used.
      if let connection {
        standings.merge(try await Self.made(rest, unlocked()) { try await connection.pipeline($0) }) { $1 }
      } else {
        let made = try await Self.made(rest, unlocked()) { try await pool.pipeline($0) }
        remember(made, readAt)
        standings.merge(made) { $1 }
      }
    }
    return try standings.reduce(into: [:]) { keys, entry in
      guard case .kept(let key) = entry.value else { throw PersonalKeyError.destroyed(account: entry.key) }
      keys[entry.key] = key
    }
  }

  /// Destroys a key as part of a transaction: with its commit everything written under it is unreadable for good, here at once after
  /// ``forget(_:)``, elsewhere within ``lifetime``.
  func destroy(_ account: UUID, on connection: PostgresConnection) async throws {
    // Whoever had no key must not be given one later.
    _ = try await connection.pipeline([Self.insertDestroyed(account), Self.destroy(account)])
  }

  func forget(_ account: UUID) { known.withLock { $0[account] = nil } }

  private func unlocked() throws(PersonalKeyError) -> MasterKey {
    guard let master else { throw .noSecret }
    return master
  }

  private func remembered(_ accounts: Set<UUID>) -> [UUID: Standing] {
    let oldest = ContinuousClock.now - Self.lifetime
    return known.withLock { known in
      accounts.reduce(into: [:]) { standings, account in
        if let entry = known[account], entry.readAt > oldest { standings[account] = entry.standing }
      }
    }
  }

  private func remember(_ standings: [UUID: Standing], _ readAt: ContinuousClock.Instant) {
    known.withLock { known in
      if known.count + standings.count > Self.memory { known.removeAll(keepingCapacity: true) }
      for (account, standing) in standings { known[account] = Known(standing: standing, readAt: readAt) }
    }
  }

  private static func made(
    _ accounts: Set<UUID>, _ master: MasterKey, _ run: ([Query]) async throws -> [PostgresRows]
  ) async throws -> [UUID: Standing] {
    let fresh = try accounts.sorted { $0.uuidString < $1.uuidString }.map { account in
      insert(account, try master.wrap(PersonalKey(), of: account))
    }
    // Whoever was first: the row that is there counts.
    let rows = try await run(fresh + [keys(of: Array(accounts))]).last
    return try (rows.map(Array.init) ?? []).reduce(into: [:]) { standings, row in
      standings[try row.decode(0)] = try standing(row, master)
    }
  }

  private static func standing(_ row: PostgresRow, _ master: MasterKey) throws -> Standing {
    guard let wrapped = try row.decode(1, as: [UInt8]?.self) else { return .destroyed }
    return .kept(try master.unwrap(wrapped, of: try row.decode(0)))
  }
}

extension PersonalKeys {
  static func keys(of accounts: [UUID]) -> Query {
    "SELECT account_id, wrapped_key FROM personal.key WHERE account_id = ANY(\(accounts))"
  }

  static let anyKey: Query = "SELECT account_id, wrapped_key FROM personal.key WHERE wrapped_key IS NOT NULL LIMIT 1"

  static func insert(_ account: UUID, _ wrapped: [UInt8]) -> Query {
    """
    INSERT INTO personal.key (account_id, wrapped_key)
    VALUES (\(account), \(wrapped))
    ON CONFLICT (account_id) DO NOTHING
    """
  }

  static func insertDestroyed(_ account: UUID) -> Query {
    """
    INSERT INTO personal.key (account_id, destroyed_at)
    VALUES (\(account), now())
    ON CONFLICT (account_id) DO NOTHING
    """
  }

  static func destroy(_ account: UUID) -> Query {
    """
    UPDATE personal.key
    SET wrapped_key = NULL, destroyed_at = now()
    WHERE account_id = \(account) AND wrapped_key IS NOT NULL
    """
  }
}
