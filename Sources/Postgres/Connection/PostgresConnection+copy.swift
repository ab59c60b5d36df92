// SPDX-License-Identifier: Apache-2.0

extension PostgresConnection {
  /// Sends rows by `COPY … FROM STDIN`, in the form that the statement names; pieces may split rows anywhere.
  ///
  /// - Returns: the number of rows.
  /// - Throws: what `chunks` throws, after the server has taken every row back; ``PostgresError``.
  @discardableResult
  public nonisolated func copyIn<Chunks: AsyncSequence>(
    _ statement: Query, chunks: Chunks, file: String = #fileID, line: Int = #line
  ) async throws -> Int where Chunks.Element == [UInt8] {
    try await call(file, line) { session throws(PostgresError) in try session.beginCopy(statement, .in) }
    do {
      for try await chunk in chunks { try await sendCopy(chunk, file, line) }
    } catch {
      let refusal = await abandonCopy(statement, "\(type(of: error))")
      // A server that refused a row has a better reason than the write that failed for it.
      if let lost = error as? PostgresError, lost.code == .connection, let refusal { throw refusal.at(file, line) }
      throw error
    }
    return try await call(file, line) { session throws(PostgresError) in
      try session.finishCopyIn(failure: nil, statement: statement.text)
    }
  }

  /// Sends rows by `COPY … FROM STDIN (FORMAT binary)`: the fastest way in, about twice as fast as `unnest`.
  ///
  /// The types must be exactly those of the columns (`Int` is `bigint`): COPY converts nothing.
  @discardableResult
  public nonisolated func copyIn<Rows: Sequence>(
    _ statement: Query, rows: Rows, file: String = #fileID, line: Int = #line,
    _ encode: (Rows.Element, inout BinaryCopyWriter) throws -> Void
  ) async throws -> Int {
    try await call(file, line) { session throws(PostgresError) in try session.beginCopy(statement, .in) }
    do {
      var writer = BinaryCopyWriter()
      for row in rows {
        try encode(row, &writer)
        if writer.byteCount >= BinaryCopyWriter.chunkSize { try await sendCopy(writer.take(), file, line) }
      }
      writer.writeEnd()
      try await sendCopy(writer.take(), file, line)
    } catch {
      let refusal = await abandonCopy(statement, "\(type(of: error))")
      if let lost = error as? PostgresError, lost.code == .connection, let refusal { throw refusal.at(file, line) }
      throw error
    }
    return try await call(file, line) { session throws(PostgresError) in
      try session.finishCopyIn(failure: nil, statement: statement.text)
    }
  }

  /// The rows of a `COPY … TO STDOUT`, as bytes in the form that the statement names. Each chunk holds whole rows.
  ///
  /// The statement runs when the iteration begins. An iteration that is left early is ended by the connection's next
  /// call; a transaction around it then fails.
  public nonisolated func copyOut(_ statement: Query, file: String = #fileID, line: Int = #line) -> PostgresCopyOut {
    PostgresCopyOut(connection: self, statement: statement, file: file, line: line)
  }

  /// The rows of a `COPY … TO STDOUT (FORMAT binary)`, read by `body` where they arrive, on the connection's thread: the fastest way out.
  ///
  /// What `body` leaves unread is dropped by the connection's next call.
  public func copyOut<Output: Sendable>(
    _ statement: Query, file: String = #fileID, line: Int = #line,
    _ body: @Sendable (inout BinaryCopyReader) throws(PostgresError) -> Output
  ) async throws(PostgresError) -> Output {
    try await call(file, line) { session throws(PostgresError) in
      try session.beginCopy(statement, .out)
      var reader = BinaryCopyReader(session, statement: statement.text)
      return try body(&reader)
    }
  }

  /// Hands each row of a `COPY … TO STDOUT (FORMAT binary)` to `body` as it lies in libpq's memory: the number of columns (2 bytes), then
  /// of each the length (4 bytes, -1 for NULL) and the bytes. For callers on the connection's thread, who work on rows as bytes.
  ///
  /// - Throws: what `body` throws, which leaves the rest to be dropped by the connection's next call; ``PostgresError``.
  public func copyOut(
    _ statement: Query, file: String = #fileID, line: Int = #line, eachTuple body: (RawSpan) throws -> Void
  ) async throws {
    let outcome: Result<Void, any Error> = try await call(file, line) { session throws(PostgresError) in
      try session.beginCopy(statement, .out)
      var reader = BinaryCopyReader(session, statement: statement.text)
      while try reader.next() {
        do { try body(reader.tuple.bytes) } catch { return .failure(error) }
      }
      return .success(())
    }
    try outcome.get()
  }

  private func sendCopy(_ bytes: [UInt8], _ file: String, _ line: Int) async throws(PostgresError) {
    try await call(file, line) { session throws(PostgresError) in try session.sendCopy(bytes) }
  }

  /// Makes the server take back every row. Gives its answer if that is more than "as you wished".
  private func abandonCopy(_ statement: Query, _ reason: String) async -> PostgresError? {
    do throws(PostgresError) {
      _ = try await call(#fileID, #line, isCancellable: false) { session throws(PostgresError) in
        try session.finishCopyIn(failure: reason, statement: statement.text)
      }
      return nil
    } catch {
      // 57014 is how it confirms; misuse, that the COPY had ended before.
      return error.sqlState == "57014" || error.code == .misuse ? nil : error
    }
  }

  func startCopyOut(_ statement: Query, _ file: String, _ line: Int) async throws(PostgresError) {
    try await call(file, line) { session throws(PostgresError) in try session.beginCopy(statement, .out) }
  }

  func nextCopyOut(_ statement: Query, _ file: String, _ line: Int) async throws(PostgresError) -> [UInt8]? {
    try await call(file, line) { session throws(PostgresError) in
      try session.receiveCopy(upTo: PostgresCopyOut.chunkSize, statement: statement.text)
    }
  }
}
