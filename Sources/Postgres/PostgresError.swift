// SPDX-License-Identifier: Apache-2.0

/// What went wrong between here and the database.
///
/// For logs, not for users. ``detail`` quotes values (the keys that collide, the row that fails), which may be people's addresses and
/// paths: so it is not part of ``description``.
public struct PostgresError: Error, Sendable {
  public enum Code: String, Sendable {
    /// The connection could not be opened, or was lost. Whatever was open on it was rolled back.
    case connection
    /// The server refused a statement; ``PostgresError/sqlState`` says why.
    case server
    /// A value has another type than the one asked for, or is NULL where none was expected.
    case decoding
    /// No connection of the pool became free in time.
    case poolTimeout
    /// The task was cancelled; the statement was stopped or never sent.
    case cancelled
    /// The connection was lost while COMMIT was under way: the transaction may have been committed, or not.
    case commitUnknown
    /// The connection or the pool was closed.
    case closed
    /// A call that can never work, such as a transaction inside a transaction.
    case misuse
    /// A migration's file and the database do not fit together.
    case migration
  }

  public var code: Code
  public var message: String
  /// Five characters, from the server only: https://www.postgresql.org/docs/15/errcodes-appendix.html
  public var sqlState: String?
  public var detail: String?
  public var hint: String?
  /// The name of the constraint that refused.
  public var constraint: String?
  /// The text of the statement, without its values.
  public var statement: String?
  /// Where in the statement the error was found, in characters from 1.
  public var position: Int?
  /// Where the call was made.
  public var file: String
  public var line: Int
  /// The server's C function that raised it: tells apart errors that share a code.
  var sourceFunction: String?

  public init(
    _ code: Code, _ message: String, sqlState: String? = nil, detail: String? = nil, hint: String? = nil,
    constraint: String? = nil, statement: String? = nil, file: String = #fileID, line: Int = #line
  ) {
    self.code = code
    self.message = message
    self.sqlState = sqlState
    self.detail = detail
    self.hint = hint
    self.constraint = constraint
    self.statement = statement
    self.file = file
    self.line = line
  }

  /// May the same call succeed when it is made again, with nothing changed?
  ///
  /// A lost COMMIT is not transient: try again only what the database recognises as a repeat.
  public var isTransient: Bool {
    switch code {
    case .connection: sqlState.map(Self.isTransient(sqlState:)) ?? true
    case .poolTimeout: true
    case .server: sqlState.map(Self.isTransient(sqlState:)) ?? false
    case .decoding, .cancelled, .commitUnknown, .closed, .misuse, .migration: false
    }
  }

  /// A row with this key exists already (SQLSTATE 23505); ``constraint`` names the key.
  public var isUniqueViolation: Bool { sqlState == "23505" }

  /// Two transactions were in each other's way: run the whole transaction again (40001, 40P01).
  public var isSerializationFailure: Bool { sqlState == "40001" || sqlState == "40P01" }

  private static func isTransient(sqlState: String) -> Bool {
    switch sqlState {
    case "55P03": true  // lock not available
    case "25006": true  // read-only: a standby that is about to be, or was, replaced
    case "57014", "57P04": false  // stopped by a timeout or a person; database dropped
    default:
      // Connection, transaction rollback, resources, operator intervention, system (I/O) error.
      switch sqlState.prefix(2) {
      case "08", "40", "53", "57", "58": true
      default: false
      }
    }
  }
}

extension PostgresError: CustomStringConvertible {
  public var description: String {
    var text = "\(code)"
    if let sqlState { text += " \(sqlState)" }
    text += ": \(message)"
    if let constraint { text += " [constraint \(constraint)]" }
    if let hint { text += "; hint: \(hint)" }
    if let statement { text += "; statement: \(statement.prefix(200))" }
    return text + " (\(file):\(line))"
  }
}
