// SPDX-License-Identifier: Apache-2.0

import Domain
import Foundation
import Postgres

/// Who signs in, as the database knows them.
struct Credential {
  var accountId: UUID
  var role: Role
  var isDisabled: Bool
  var passwordHash: String

  init(_ row: PostgresRow) throws {
    let role: String
    (accountId, role, isDisabled, passwordHash) = try row.decode((UUID, String, Bool, String).self)
    self.role = Role(rawValue: role) ?? .user
  }
}

/// A refresh token that exists, with its session, locked until the transaction ends.
struct HeldToken {
  var sessionId: UUID
  var accountId: UUID
  var role: Role
  var wasUsed: Bool
  var isWithinGrace: Bool
  /// The session goes on and its account may sign in.
  var isUsable: Bool

  init(_ row: PostgresRow) throws {
    let role: String
    (sessionId, accountId, role, wasUsed, isWithinGrace, isUsable) = try row.decode(
      (UUID, UUID, String, Bool, Bool, Bool).self)
    self.role = Role(rawValue: role) ?? .user
  }
}

extension Sessions {
  static func credential(email: String) -> Query {
    """
    SELECT account_id, role, disabled_at IS NOT NULL, password_hash
    FROM account.credential
    WHERE lower(email) = lower(\(email))
    """
  }

  static func passwordHash(of account: UUID) -> Query {
    "SELECT password_hash FROM account.credential WHERE account_id = \(account)"
  }

  /// Unless it has changed meanwhile.
  static func replaceHash(of account: UUID, _ old: String, with new: String) -> Query {
    """
    UPDATE account.credential
    SET password_hash = \(new)
    WHERE account_id = \(account) AND password_hash = \(old)
    """
  }

  static func insertSession(_ session: UUID, account: UUID) -> Query {
    """
    INSERT INTO account.session (id, account_id, expires_at)
    VALUES (\(session), \(account), now() + make_interval(secs => \(Double(lifetimeSeconds))))
    """
  }

  static func insertToken(_ hash: [UInt8], session: UUID) -> Query {
    "INSERT INTO account.refresh_token (token_hash, session_id) VALUES (\(hash), \(session))"
  }

  /// Locks token and session, so that of two that come at once the second sees what the first did.
  static func lock(_ hash: [UInt8]) -> Query {
    """
    SELECT
      session.id, session.account_id, credential.role,
      token.used_at IS NOT NULL,
      coalesce(token.used_at > clock_timestamp() - make_interval(secs => \(Double(graceSeconds))), false),
      session.revoked_at IS NULL AND session.expires_at > now() AND credential.disabled_at IS NULL
    FROM account.refresh_token AS token
    JOIN account.session ON session.id = token.session_id
    JOIN account.credential USING (account_id)
    WHERE token.token_hash = \(hash)
    FOR UPDATE OF token, session
    """
  }

  /// The token that is exchanged, and every other of the session that was not: the successors of a lost answer.
  static func markUsed(session: UUID) -> Query {
    "UPDATE account.refresh_token SET used_at = clock_timestamp() WHERE session_id = \(session) AND used_at IS NULL"
  }

  static func revoke(_ session: UUID) -> Query {
    "UPDATE account.session SET revoked_at = now() WHERE id = \(session)"
  }

  static let deleteEnded: Query = """
    DELETE FROM account.session
    WHERE expires_at < now() OR revoked_at < now() - interval '1 day'
    """
}
