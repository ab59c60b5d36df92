// SPDX-License-Identifier: Apache-2.0

internal import CLibpq

enum CopyDirection {
  /// Rows go to the server.
  case `in`
  /// Rows come from the server.
  case out
  /// All rows have come; the server's last word has not been read.
  case drained
}

extension Session {
  /// Begins a COPY; `direction` is what the caller expects of the statement.
  func beginCopy(_ query: Query, _ direction: CopyDirection) throws(PostgresError) {
    guard query.parameters.isEmpty else {
      throw PostgresError(.misuse, "COPY takes no parameters", statement: query.text)
    }
    try script(query.text)
    guard copy == direction else {
      try endCopy()
      let name = direction == .in ? "COPY … FROM STDIN" : "COPY … TO STDOUT"
      throw PostgresError(.misuse, "not a \(name)", statement: query.text)
    }
  }

  /// Sends one piece, of any size; rows may be split anywhere.
  func sendCopy(_ bytes: [UInt8]) throws(PostgresError) {
    guard copy == .in else { throw PostgresError(.misuse, "no COPY FROM STDIN is under way") }
    var rest = bytes[...]
    while !rest.isEmpty {
      // libpq counts in Int32.
      let piece = rest.prefix(1 << 20)
      let sent = piece.withUnsafeBytes {
        PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
      }
      // A server that refused a row has said so: the answer is read by finishCopyIn.
      guard sent == 1 else {
        copy = nil
        throw lost()
      }
      rest = rest.dropFirst(piece.count)
    }
  }

  /// Ends a COPY FROM STDIN: with `failure`, so that the server takes back every row.
  func finishCopyIn(failure: String?, statement: String) throws(PostgresError) -> Int {
    guard copy == .in else { throw PostgresError(.misuse, "no COPY FROM STDIN is under way") }
    copy = nil
    guard PQputCopyEnd(connection, failure) == 1 else { throw lost() }
    return try receive(1, statement).affectedRows
  }

  /// The next rows, joined up to about `size` bytes; nil at the end.
  func receiveCopy(upTo size: Int, statement: String) throws(PostgresError) -> [UInt8]? {
    guard copy == .out || copy == .drained else {
      throw PostgresError(.misuse, "no COPY TO STDOUT is under way")
    }
    var bytes: [UInt8] = []
    while copy == .out, bytes.count < size {
      var row: UnsafeMutablePointer<CChar>?
      // Waits for the first row only; then takes what has arrived.
      let count = PQgetCopyData(connection, &row, bytes.isEmpty ? 0 : 1)
      defer { PQfreemem(row) }
      if count > 0, let row {
        bytes.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(count)))
      } else if count == 0 {
        break  // Nothing more yet.
      } else {
        copy = .drained
      }
    }
    guard bytes.isEmpty else { return bytes }
    // The end, or an error, which the last result tells.
    copy = nil
    _ = try receive(1, statement)
    return nil
  }

  /// Ends whatever COPY an earlier caller left behind.
  func endCopy() throws(PostgresError) {
    switch copy {
    case nil: return
    case .in:
      // The server answers the failure with an error, as it should.
      do throws(PostgresError) {
        _ = try finishCopyIn(failure: "the writer went away", statement: "COPY")
      } catch {
        if isLost { throw error }
      }
    case .out, .drained:
      // Ask to stop, then drop what is still on its way.
      if copy == .out {
        if let pointer = PQgetCancel(connection) { CancelRequest(pointer).send() }
        var row: UnsafeMutablePointer<CChar>?
        while PQgetCopyData(connection, &row, 0) > 0 { PQfreemem(row) }
      }
      copy = nil
      do throws(PostgresError) {
        _ = try receive(1, "COPY")
      } catch {
        if isLost { throw error }
      }
    }
  }
}
