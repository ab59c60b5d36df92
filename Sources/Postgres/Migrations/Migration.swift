// SPDX-License-Identifier: Apache-2.0

/// One step of the schema: a file `NNNN_verb_noun.sql`. The name is its identity; it never changes once applied.
public struct Migration: Sendable, Equatable {
  /// The file's name without `.sql`.
  public let name: String
  public let sql: String

  /// - Throws: `.migration` unless the name has the form `NNNN_verb_noun`, in lower case.
  public init(name: String, sql: String) throws(PostgresError) {
    guard let match = name.wholeMatch(of: /[0-9]{4}(_[a-z0-9]+){2,}/), !match.output.0.isEmpty else {
      throw PostgresError(.migration, "\(name).sql: the name must have the form NNNN_verb_noun.sql")
    }
    self.name = name
    self.sql = sql
  }

  var number: Substring { name.prefix(4) }

  /// The server counts characters (Unicode scalars) from 1.
  func line(ofCharacter position: Int) -> Int {
    1 + sql.unicodeScalars.prefix(max(0, position - 1)).count { $0 == "\n" }
  }
}
