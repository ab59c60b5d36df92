// SPDX-License-Identifier: Apache-2.0

/// How a transaction runs; the default is what Postgres does on its own: read committed, read and write.
public struct TransactionOptions: Sendable, Equatable {
  public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
  }

  public var isolation: Isolation
  public var isReadOnly: Bool
  /// Serializable and read-only: wait for a moment in which no conflict can happen, and then never fail with one.
  public var isDeferrable: Bool
  /// False: COMMIT does not wait for the disk. A crash of the server may undo the last of these, in order and whole;
  /// only for what can be made again.
  public var synchronousCommit: Bool

  public init(
    isolation: Isolation = .readCommitted, readOnly: Bool = false, deferrable: Bool = false,
    synchronousCommit: Bool = true
  ) {
    self.isolation = isolation
    isReadOnly = readOnly
    isDeferrable = deferrable
    self.synchronousCommit = synchronousCommit
  }

  var begin: String {
    var sql = "BEGIN"
    if isolation != .readCommitted { sql += " ISOLATION LEVEL \(isolation.rawValue)" }
    if isReadOnly { sql += " READ ONLY" }
    if isDeferrable { sql += " DEFERRABLE" }
    if !synchronousCommit { sql += "; SET LOCAL synchronous_commit TO off" }
    return sql
  }
}
