// SPDX-License-Identifier: Apache-2.0

internal import CLibpq

extension PostgresError {
  /// What the server, or libpq in its place, put into a failed result.
  init(_ result: PostgresResult, statement: String) {
    self.init(
      .server,
      result.errorField("M") ?? "the connection was lost",
      sqlState: result.errorField("C"),
      detail: result.errorField("D"),
      hint: result.errorField("H"),
      constraint: result.errorField("n"),
      statement: statement)
    position = result.errorField("P").flatMap { Int($0) }
    sourceFunction = result.errorField("R")
  }

  /// The same error, of a session that ended with it.
  var asLoss: PostgresError {
    var loss = self
    loss.code = .connection
    return loss
  }

  /// The prepared statement does not exist any more, or its result type changed with the schema.
  var meansStalePlan: Bool {
    sqlState == "26000" || (sqlState == "0A000" && sourceFunction == "RevalidateCachedQuery")
  }

  /// The same error, with the place where the caller stands.
  func at(_ file: String, _ line: Int) -> PostgresError {
    var located = self
    located.file = file
    located.line = line
    return located
  }
}
