// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
internal import Logging

/// Owns one `PGconn` and speaks libpq: everything here blocks.
///
/// Not Sendable: it lives inside one ``PostgresConnection``, and so libpq's rule, one thread at a time, is the
/// compiler's.
final class Session {
  let connection: OpaquePointer
  let logger: Logger
  /// Statements that this session has prepared, by their text.
  private var statements: [String: PreparedStatement] = [:]
  private var statementCount = 0
  /// Kept between calls, so that sending parameters allocates nothing.
  private var arguments = Arguments()
  /// A COPY whose reader or writer went away is ended before the next statement.
  var copy: CopyDirection?
  private var isBroken = false

  /// More different texts than this are not prepared: someone puts values into them.
  static let statementLimit = 1000

  /// Takes over a `PGconn` that has been opened.
  init(_ connection: OpaquePointer, logger: Logger) {
    self.connection = connection
    self.logger = logger
    // Without a receiver libpq prints notices on standard error.
    PQsetNoticeReceiver(
      connection,
      { context, result in
        guard let context, let result else { return }
        Unmanaged<Session>.fromOpaque(context).takeUnretainedValue().receive(notice: result)
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  deinit { PQfinish(connection) }

  /// True once the connection is gone, or libpq has refused to go on with it.
  var isLost: Bool { isBroken || PQstatus(connection) == CONNECTION_BAD }

  var isIdle: Bool { PQtransactionStatus(connection) == PQTRANS_IDLE && copy == nil }

  /// The transaction's state: none, open, or failed.
  var transactionStatus: PGTransactionStatusType { PQtransactionStatus(connection) }

  // MARK: - Statements

  /// Runs one statement, prepared at its first use. `meanwhile` runs once, while the server works on it.
  func run(_ query: Query, meanwhile: () -> Void = {}) throws(PostgresError) -> PostgresResult {
    do throws(PostgresError) {
      return try runOnce(query, meanwhile)
    } catch {
      // The plan's result type changed with the schema, or someone deallocated it. Outside a transaction nothing is
      // lost.
      guard error.meansStalePlan else { throw error }
      try forget(query.text)
      guard isIdle else { throw error }
      return try runOnce(query)
    }
  }

  private func runOnce(_ query: Query, _ meanwhile: () -> Void = {}) throws(PostgresError) -> PostgresResult {
    try validate(query)
    try endCopy()
    let sent = try send(query)
    // The whole statement has left: libpq blocks until it has.
    if sent == 1 { meanwhile() }
    let result = try receive(sent, query.text)
    guard copy == nil else {
      try endCopy()
      throw PostgresError(.misuse, "COPY goes through copyIn and copyOut", statement: query.text)
    }
    return result
  }

  /// 1 when it was sent.
  private func send(_ query: Query) throws(PostgresError) -> Int32 {
    if let statement = try prepared(query) {
      return arguments.withPointers(to: query) { count, values, lengths, formats, _ in
        PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 1)
      }
    }
    return arguments.withPointers(to: query) { count, values, lengths, formats, types in
      PQsendQueryParams(connection, query.text, count, types, values, lengths, formats, 1)
    }
  }

  /// The statement's name in this session; nil if it must go unprepared.
  private func prepared(_ query: Query) throws(PostgresError) -> PreparedStatement? {
    switch known(query) {
    case .prepared(let statement): return statement
    case .unpreparable: return nil
    case .new(let statement):
      let sent = arguments.withPointers(to: query) { count, _, _, _, types in
        PQsendPrepare(connection, statement.name, query.text, count, types)
      }
      _ = try receive(sent, query.text)
      statements[query.text] = statement
      return statement
    }
  }

  /// What libpq would cut off or refuse without the server ever seeing it.
  private func validate(_ query: Query) throws(PostgresError) {
    guard query.parameters.count <= Int(UInt16.max) else {
      throw PostgresError(.misuse, "more than 65,535 parameters: pass arrays", statement: query.text)
    }
    if statements[query.text] == nil { try validate(text: query.text) }
  }

  /// Texts go to libpq as C strings, which end at the first NUL.
  private func validate(text: String) throws(PostgresError) {
    guard !text.utf8.contains(0) else { throw PostgresError(.misuse, "SQL cannot contain NUL", statement: text) }
  }

  private enum Known {
    case prepared(PreparedStatement)
    case new(PreparedStatement)
    case unpreparable
  }

  private func known(_ query: Query) -> Known {
    if let statement = statements[query.text] {
      // The same text with values of other types: rare, and wrong to run with the first one's plan.
      return statement.fits(query) ? .prepared(statement) : .unpreparable
    }
    guard statements.count < Self.statementLimit else { return .unpreparable }
    statementCount += 1
    return .new(PreparedStatement(name: "s\(statementCount)", types: query.parameters.map(\.type)))
  }

  private func forget(_ text: String) throws(PostgresError) {
    guard let statement = statements.removeValue(forKey: text), isIdle else { return }
    // May be gone already, which is an error that says nothing new.
    PQclear(PQexec(connection, "DEALLOCATE \(statement.name)"))
    if isLost { throw lost() }
  }

  /// Runs SQL of one or more statements without parameters.
  @discardableResult
  func script(_ sql: String) throws(PostgresError) -> PostgresResult {
    try validate(text: sql)
    try endCopy()
    return try receive(PQsendQuery(connection, sql), sql)
  }

  /// Waits for the answer: the last result, or the first error.
  ///
  /// Not by PQexec and its like: of a session that the server ends they tell the end, and not the server's reason for
  /// it.
  func receive(_ sent: Int32, _ statement: String) throws(PostgresError) -> PostgresResult {
    guard sent == 1 else { throw lost() }
    var last: PostgresResult?
    var failure: PostgresError?
    while copy == nil, let pointer = PQgetResult(connection) {
      do throws(PostgresError) {
        last = try check(pointer, statement: statement)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure { throw isLost ? failure.asLoss : failure }
    guard let last else { throw lost() }
    return last
  }

  /// Sends all, then reads all: one round trip, and one transaction unless one is open already.
  func pipeline(_ queries: [Query]) throws(PostgresError) -> [PostgresResult] {
    for query in queries { try validate(query) }
    try endCopy()
    guard PQenterPipelineMode(connection) == 1 else { throw lost() }
    defer { PQexitPipelineMode(connection) }
    // Sending blocks while the server is busy answering; libpq reads its answers meanwhile, so neither waits for the
    // other.
    var steps: [PipelineStep] = []
    for query in queries {
      let known = known(query)
      if case .new(let statement) = known {
        let sent = arguments.withPointers(to: query) { count, _, _, _, types in
          PQsendPrepare(connection, statement.name, query.text, count, types)
        }
        guard sent == 1 else { throw lost() }
        statements[query.text] = statement
        steps.append(.prepare(query.text))
      }
      let sent = arguments.withPointers(to: query) { count, values, lengths, formats, types in
        switch known {
        case .prepared(let statement), .new(let statement):
          PQsendQueryPrepared(connection, statement.name, count, values, lengths, formats, 1)
        case .unpreparable:
          PQsendQueryParams(connection, query.text, count, types, values, lengths, formats, 1)
        }
      }
      guard sent == 1 else { throw lost() }
      steps.append(.run(query.text))
    }
    guard PQpipelineSync(connection) == 1 else { throw lost() }
    return try readPipeline(steps)
  }

  private enum PipelineStep {
    case prepare(String)
    case run(String)

    var text: String {
      switch self {
      case .prepare(let text), .run(let text): text
      }
    }

    var isPrepare: Bool {
      if case .prepare = self { true } else { false }
    }
  }

  /// Reads every answer, also after an error, so that the session is in order again; then throws the first error.
  private func readPipeline(_ steps: [PipelineStep]) throws(PostgresError) -> [PostgresResult] {
    var results: [PostgresResult] = []
    var failure: PostgresError?
    for step in steps {
      var failed = failure != nil
      // Each step's results end with a nil.
      while let pointer = PQgetResult(connection) {
        guard PQresultStatus(pointer) != PGRES_PIPELINE_ABORTED else {
          PQclear(pointer)
          failed = true
          continue
        }
        do throws(PostgresError) {
          let result = try check(pointer, statement: step.text)
          if case .run = step { results.append(result) }
        } catch {
          failed = true
          if failure == nil { failure = error }
        }
      }
      if failed, failure?.meansStalePlan == true || step.isPrepare { statements[step.text] = nil }
    }
    // The answer to the sync itself.
    PQclear(PQgetResult(connection))
    if let failure { throw isLost ? failure.asLoss : failure }
    guard !isLost, results.count == steps.count(where: { !$0.isPrepare }) else { throw lost() }
    return results
  }

  // MARK: - Errors

  /// Takes over a result, and throws if it is not one.
  func check(_ pointer: OpaquePointer?, statement: String) throws(PostgresError) -> PostgresResult {
    guard let pointer else { throw lost() }
    let result = PostgresResult(pointer)
    switch result.status {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
      return result
    case PGRES_COPY_IN:
      copy = .in
      return result
    case PGRES_COPY_OUT:
      copy = .out
      return result
    default:
      let error = PostgresError(result, statement: statement)
      // A server names a state. Without one it is libpq that gave up, and sometimes before it calls the connection bad.
      if error.sqlState == nil { isBroken = true }
      throw error
    }
  }

  /// What libpq says of the connection itself, when it has no result to give. The session is not used again.
  func lost() -> PostgresError {
    isBroken = true
    return PostgresError(.connection, Self.errorMessage(connection))
  }

  static func errorMessage(_ connection: OpaquePointer) -> String {
    let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    let line = text.split(separator: "\n").joined(separator: "; ")
    return line.isEmpty ? "the connection failed" : line
  }

  /// Reads what came while the session was idle: settings that changed, warnings, or the server's last word.
  func listen() {
    if PQconsumeInput(connection) == 0 { isBroken = true }
    // Parses what was read; errors reach the notice receiver, for no statement waits for them.
    _ = PQisBusy(connection)
  }

  private func receive(notice pointer: OpaquePointer) {
    let field = { (code: Unicode.Scalar) in
      PQresultErrorField(pointer, Int32(code.value)).map { String(cString: $0) } ?? ""
    }
    let severity = field("V")
    logger.debug("Postgres notice", metadata: ["severity": "\(severity)", "message": "\(field("M"))"])
    if severity == "FATAL" || severity == "PANIC" { isBroken = true }
  }
}
