// SPDX-License-Identifier: Apache-2.0

import Foundation
import Postgres

extension Eraser {
  static func account(named name: String) -> Query {
    "SELECT account_id FROM account.credential WHERE lower(email) = lower(\(name)) OR account_id::text = lower(\(name))"
  }

  static let begun: Query = "SELECT account_id, actor FROM personal.erasure ORDER BY requested_at"

  static func lockCredential(of account: UUID) -> Query {
    "SELECT disabled_at FROM account.credential WHERE account_id = \(account) FOR UPDATE"
  }

  static func insert(_ account: UUID, _ actor: UUID?) -> Query {
    """
    INSERT INTO personal.erasure (account_id, actor)
    VALUES (\(account), \(actor))
    ON CONFLICT (account_id) DO NOTHING
    """
  }

  static func delete(_ account: UUID) -> Query { "DELETE FROM personal.erasure WHERE account_id = \(account)" }

  /// Sessions, tokens and kept answers go with it. Before ``delete(_:)``.
  static func deleteCredential(of account: UUID) -> Query { "SELECT personal.delete_credential(\(account))" }

  static let discardOldTables: Query =
    "SELECT projection.discard_before((SELECT coalesce(max(position), 0) FROM log.event WHERE type = 'account.erased'))"
}
