// SPDX-License-Identifier: Apache-2.0

public import Domain
public import EventStore
public import Foundation
public import Postgres

/// Sign-ins, and the refresh tokens that keep them going.
///
/// A refresh token is good once and gives its successor. One that comes again was stolen, from the person or by them from a
/// thief: the whole session ends. A client that lost the answer and asks again within ``graceSeconds`` gets another successor;
/// the first of the successors to be used makes used tokens of the others, so that a thief as fast as that is found out as well.
/// All times are the database's, so servers whose clocks differ agree.
public struct Sessions: Sendable {
  public static let lifetimeSeconds = 30 * 86_400
  static let graceSeconds = 10

  private let pool: PostgresPool
  private let log: PostgresEventLog
  private let passwords: Passwords
  private let tokens: Tokens

  public init(pool: PostgresPool, log: PostgresEventLog, passwords: Passwords, tokens: Tokens) {
    self.pool = pool
    self.log = log
    self.passwords = passwords
    self.tokens = tokens
  }

  /// Costs one bcrypt hash, for unknown addresses too, so that the time tells nothing.
  ///
  /// - Throws: ``AccountError/wrongCredentials``, ``AccountError/disabled``, ``PasswordError/busy``, or the database's error.
  public func signIn(email: String, password: String) async throws -> SignedIn {
    let credential = try await pool.query(Self.credential(email: email)).first.map(Credential.init)
    guard try await passwords.verify(password, hash: credential?.passwordHash), let credential else {
      throw AccountError.wrongCredentials
    }
    guard !credential.isDisabled else { throw AccountError.disabled }
    await renewHash(of: credential, password)
    let session = UUID.v7()
    let refresh = RefreshToken()
    _ = try await pool.pipeline([
      Self.insertSession(session, account: credential.accountId), Self.insertToken(refresh.hash, session: session),
    ])
    return try await answer(credential.accountId, credential.role, session, refresh)
  }

  /// Asks again for the password of somebody who is signed in, before something that cannot be undone. Costs one bcrypt hash.
  ///
  /// - Throws: ``AccountError/wrongCredentials``, ``PasswordError/busy``, or the database's error.
  public func confirm(_ account: UUID, password: String) async throws {
    let hash = try await pool.query(Self.passwordHash(of: account)).first?.decode(0, as: String.self)
    guard try await passwords.verify(password, hash: hash) else { throw AccountError.wrongCredentials }
  }

  /// Exchanges a refresh token for a new pair.
  ///
  /// - Throws: ``AccountError/invalidRefreshToken``, ``AccountError/refreshTokenReused``, or the database's error.
  public func refresh(_ token: String, correlationId: UUID? = nil) async throws -> SignedIn {
    let old = RefreshToken(text: token)
    let outcome = try await pool.transaction { connection -> Outcome in
      guard let held = try await connection.query(Self.lock(old.hash)).first.map(HeldToken.init), held.isUsable else {
        return .invalid
      }
      guard !held.wasUsed || held.isWithinGrace else {
        _ = try await connection.execute(Self.revoke(held.sessionId))
        let position = try await append(
          AccountSessionRevoked(accountId: held.accountId, sessionId: held.sessionId, reason: .tokenReused),
          correlationId, on: connection)
        return .reused(position)
      }
      let new = RefreshToken()
      // A retry uses nothing up: its first successor is still to be used, and its own time of grace must not begin anew.
      if !held.wasUsed { _ = try await connection.execute(Self.markUsed(session: held.sessionId)) }
      _ = try await connection.execute(Self.insertToken(new.hash, session: held.sessionId))
      return .rotated(held, new)
    }
    switch outcome {
    case .invalid: throw AccountError.invalidRefreshToken
    // Committed first: the refusal must not undo the end of the session.
    case .reused(let position):
      log.wakeUp.announce(position)
      throw AccountError.refreshTokenReused
    case .rotated(let held, let new): return try await answer(held.accountId, held.role, held.sessionId, new)
    }
  }

  /// Ends the session of a refresh token, used or not.
  ///
  /// - Returns: the position of the event; nil when there was nothing to end.
  public func signOut(_ token: String, correlationId: UUID? = nil) async throws -> Position? {
    let token = RefreshToken(text: token)
    let position = try await pool.transaction { connection -> Position? in
      guard let held = try await connection.query(Self.lock(token.hash)).first.map(HeldToken.init), held.isUsable else {
        return nil
      }
      _ = try await connection.execute(Self.revoke(held.sessionId))
      return try await append(
        AccountSessionRevoked(accountId: held.accountId, sessionId: held.sessionId, reason: .signedOut),
        correlationId, on: connection)
    }
    if let position { log.wakeUp.announce(position) }
    return position
  }

  /// Forgets sessions that have run out or were ended, with their tokens.
  ///
  /// - Returns: how many.
  public static func sweep(in pool: PostgresPool) async throws -> Int { try await pool.execute(deleteEnded) }

  private enum Outcome {
    case invalid
    case reused(Position)
    case rotated(HeldToken, RefreshToken)
  }

  /// Makes the hash anew when the cost has been changed since: now is when the password is known. Not at the price of the sign-in.
  private func renewHash(of credential: Credential, _ password: String) async {
    guard passwords.isOutdated(credential.passwordHash), let hash = try? await passwords.hash(password) else { return }
    _ = try? await pool.execute(Self.replaceHash(of: credential.accountId, credential.passwordHash, with: hash))
  }

  private func answer(_ account: UUID, _ role: Role, _ session: UUID, _ refresh: RefreshToken) async throws -> SignedIn
  {
    let (token, _) = try await tokens.issue(accountId: account, role: role, sessionId: session)
    return SignedIn(
      accessToken: token, expiresIn: tokens.lifetime, refreshToken: refresh.text,
      refreshExpiresIn: .seconds(Self.lifetimeSeconds), accountId: account, role: role, sessionId: session)
  }

  private func append(
    _ event: AccountSessionRevoked, _ correlationId: UUID?, on connection: PostgresConnection
  ) async throws -> Position {
    let new = try NewEvent(event, owner: event.accountId, actor: event.accountId, correlationId: correlationId)
    return try await log.append(
      [StreamAppend(stream: .account(event.accountId), expected: .any, events: [new])], in: connection
    ).last
  }
}
