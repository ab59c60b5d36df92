// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Postgres

/// Makes accounts and changes what they may do.
///
/// The secret part goes into `account.credential`, the rest is told by events; both happen in one transaction.
public struct AccountDirectory: Sendable {
  private let pool: PostgresPool
  private let log: PostgresEventLog
  private let passwords: Passwords
  private let defaultQuotaBytes: Int64

  /// - Parameter defaultQuotaBytes: logical bytes that a new account may hold.
  public init(pool: PostgresPool, log: PostgresEventLog, passwords: Passwords, defaultQuotaBytes: Int64) {
    self.pool = pool
    self.log = log
    self.passwords = passwords
    self.defaultQuotaBytes = defaultQuotaBytes
  }

  /// Makes an account. Costs one bcrypt hash.
  ///
  /// - Parameters:
  ///   - actor: who makes it; nil when the person does so for themselves.
  ///   - key: of the request: sent again under it, with the same email and password, it is answered as the first time.
  /// - Throws: ``AccountError/invalidEmail(_:)``, ``AccountError/emailTaken``, ``PasswordError``, or the database's error.
  public func register(
    email: String, password: String, role: Role = .user, actor: UUID? = nil, key: String? = nil,
    correlationId: UUID? = nil
  ) async throws -> (account: Account, position: Position) {
    let email = try EmailAddress(email)
    let hash = try await passwords.hash(password)
    let id = key.map { RequestKey(account: Self.nobody, text: $0).id("register", email.text) } ?? .v7()
    let registered = AccountRegistered(accountId: id, email: email.text, role: role, quotaBytes: defaultQuotaBytes)
    let event = try NewEvent(registered, owner: id, actor: actor ?? id, correlationId: correlationId)
    do {
      let made = try await pool.transaction { connection in
        let createdAt = try await connection.query(
          Self.insert(id: id, email: email.text, role: role, hash: hash)
        ).first?.decode(0, as: Date.self)
        let result = try await log.append(
          [StreamAppend(stream: .account(id), expected: .noStream, events: [event])], in: connection)
        let account = Account(
          id: id, email: email.text, role: role, quotaBytes: defaultQuotaBytes, createdAt: createdAt ?? Date())
        return (account: account, position: result.last)
      }
      log.wakeUp.announce(made.position)
      return made
    } catch let error as PostgresError
      where error.isUniqueViolation && error.constraint?.hasPrefix("credential_") == true
    {
      guard key != nil, let first = try await registration(id, password) else { throw AccountError.emailTaken }
      return first
    }
  }

  /// What a registration came to, for whoever knows its password; nil for all others, and when there was none.
  private func registration(_ id: UUID, _ password: String) async throws -> (account: Account, position: Position)? {
    guard let row = try await pool.query(Self.credential(id)).first,
      let event = try await log.read(stream: .account(id), after: 0, limit: 1).first,
      try await passwords.verify(password, hash: row.decode(0))
    else { return nil }
    let registered = try event.decode(AccountRegistered.self)
    let account = Account(
      id: id, email: registered.email, role: registered.role, quotaBytes: registered.quotaBytes,
      createdAt: try row.decode(1))
    return (account, event.position)
  }

  /// The account under which keys of those stand who have none yet.
  private static let nobody = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

  /// Makes an administrator if there is none yet.
  ///
  /// - Returns: whether one was made.
  public func ensureAdmin(email: String, password: String) async throws -> Bool {
    guard try await pool.query(Self.anyAdmin).isEmpty else { return false }
    _ = try await register(email: email, password: password, role: .admin)
    return true
  }

  /// Sets how many logical bytes an account may hold. Below what it holds, nothing is lost: it can only not add.
  ///
  /// - Parameter key: of the request: sent again under it, it happens once and gives the first position.
  /// - Throws: ``AccountError/unknownAccount``, or the log's error.
  public func setQuota(
    _ bytes: Int64, of account: UUID, actor: UUID? = nil, key: RequestKey? = nil, correlationId: UUID? = nil
  ) async throws -> Position {
    precondition(bytes >= 0, "a quota is not negative")
    let event = try NewEvent(
      AccountQuotaSet(accountId: account, quotaBytes: bytes), id: key?.id("setQuota", account.text) ?? .v7(),
      owner: account, actor: actor, correlationId: correlationId)
    return try await append(event, to: account).last
  }

  /// Ends an account's sessions and lets it sign in no more. Access tokens that are out live on until they expire.
  ///
  /// - Throws: ``AccountError/unknownAccount``, or the database's error.
  public func disable(
    _ account: UUID, reason: String, actor: UUID? = nil, correlationId: UUID? = nil
  ) async throws -> Position {
    let event = try NewEvent(
      AccountDisabled(accountId: account, reason: reason), owner: account, actor: actor, correlationId: correlationId)
    let position = try await pool.transaction { connection in
      guard try await connection.execute(Self.disable(account)) == 1 else { throw AccountError.unknownAccount }
      _ = try await connection.execute(Self.revokeSessions(of: account))
      return try await log.append(
        [StreamAppend(stream: .account(account), expected: .streamExists, events: [event])], in: connection
      ).last
    }
    log.wakeUp.announce(position)
    return position
  }

  private func append(_ event: NewEvent, to account: UUID) async throws -> AppendResult {
    do {
      return try await log.append([StreamAppend(stream: .account(account), expected: .streamExists, events: [event])])
    } catch EventLogError.versionConflict {
      throw AccountError.unknownAccount
    }
  }
}

extension AccountDirectory {
  static func insert(id: UUID, email: String, role: Role, hash: String) -> Query {
    """
    INSERT INTO account.credential (account_id, email, role, password_hash)
    VALUES (\(id), \(email), \(role.rawValue), \(hash))
    RETURNING created_at
    """
  }

  static func credential(_ account: UUID) -> Query {
    "SELECT password_hash, created_at FROM account.credential WHERE account_id = \(account)"
  }

  static let anyAdmin: Query = "SELECT 1 FROM account.credential WHERE role = 'admin' LIMIT 1"

  static func disable(_ account: UUID) -> Query {
    "UPDATE account.credential SET disabled_at = coalesce(disabled_at, now()) WHERE account_id = \(account)"
  }

  static func revokeSessions(of account: UUID) -> Query {
    "UPDATE account.session SET revoked_at = now() WHERE account_id = \(account) AND revoked_at IS NULL"
  }
}
