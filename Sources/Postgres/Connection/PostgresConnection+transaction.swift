// SPDX-License-Identifier: Apache-2.0

internal import CLibpq

extension PostgresConnection {
  /// Runs `body` inside a transaction: COMMIT when it returns, ROLLBACK when it throws.
  ///
  /// `body` runs where the caller runs, not on the connection's thread. Once it has returned, cancellation no longer
  /// stops the COMMIT.
  ///
  /// - Throws: what `body` throws; `.commitUnknown` when the connection was lost while COMMIT was under way;
  ///   `.server` when `body` swallowed an error after which the server refuses to commit; `.misuse` inside another
  ///   transaction.
  @discardableResult
  public nonisolated func transaction<Output>(
    _ options: TransactionOptions = TransactionOptions(), file: String = #fileID, line: Int = #line,
    _ body: (PostgresConnection) async throws -> Output
  ) async throws -> Output {
    try await begin(options, file, line)
    let output: Output
    do {
      output = try await body(self)
    } catch {
      await rollBack()
      throw error
    }
    try await commit(file, line)
    return output
  }

  /// Runs `body` inside a transaction that is rolled back in any case: for work that nobody else may ever see.
  ///
  /// - Throws: what `body` throws; `.misuse` inside another transaction.
  @discardableResult
  public nonisolated func discardedTransaction<Output>(
    _ options: TransactionOptions = TransactionOptions(), file: String = #fileID, line: Int = #line,
    _ body: (PostgresConnection) async throws -> Output
  ) async throws -> Output {
    try await begin(options, file, line)
    let result: Result<Output, any Error>
    do { result = .success(try await body(self)) } catch { result = .failure(error) }
    await rollBack()
    return try result.get()
  }

  /// Runs `body` inside a transaction that is open already, so that what `body` did can be undone alone.
  ///
  /// - Throws: what `body` throws, after everything it did was undone; the transaction goes on.
  @discardableResult
  public nonisolated func savepoint<Output>(
    file: String = #fileID, line: Int = #line, _ body: (PostgresConnection) async throws -> Output
  ) async throws -> Output {
    // One name for all: a newer savepoint hides an older one of the same name until it is released.
    try await script("SAVEPOINT onefold", file: file, line: line)
    let output: Output
    do {
      output = try await body(self)
    } catch {
      await rollBackToSavepoint()
      throw error
    }
    try await script("RELEASE SAVEPOINT onefold", file: file, line: line)
    return output
  }

  private func begin(_ options: TransactionOptions, _ file: String, _ line: Int) async throws(PostgresError) {
    try await call(file, line) { session throws(PostgresError) in
      try session.endCopy()
      guard session.isIdle || session.isLost else {
        throw PostgresError(.misuse, "a transaction is open already; use savepoint inside it")
      }
      try session.script(options.begin)
    }
  }

  private func commit(_ file: String, _ line: Int) async throws(PostgresError) {
    try await call(file, line, isCancellable: false) { session throws(PostgresError) in
      // Lost before: nothing was committed. Lost from here on: nobody knows.
      guard !session.isLost else { throw session.lost() }
      let result: PostgresResult
      do throws(PostgresError) {
        result = try session.script("COMMIT")
      } catch {
        guard session.isLost else { throw error }
        var unknown = error
        unknown.code = .commitUnknown
        throw unknown
      }
      // The server answers the COMMIT of a failed transaction with the tag of what it did.
      guard result.commandTag == "COMMIT" else {
        throw PostgresError(
          .server, "the transaction was rolled back: a statement in it had failed", sqlState: "25P02",
          statement: "COMMIT")
      }
    }
  }

  /// Never cancelled, never throws: if it fails the session is lost, and the server rolls back by itself.
  private func rollBack() async {
    await attempt("ROLLBACK")
  }

  private func rollBackToSavepoint() async {
    await attempt("ROLLBACK TO SAVEPOINT onefold; RELEASE SAVEPOINT onefold")
  }

  private func attempt(_ sql: String) async {
    do throws(PostgresError) {
      try await call(#fileID, #line, isCancellable: false) { session throws(PostgresError) in
        guard session.transactionStatus != PQTRANS_IDLE else { return }
        try session.script(sql)
      }
    } catch {
      // The caller throws the error that made it roll back; this one follows from it.
    }
  }
}
