// SPDX-License-Identifier: Apache-2.0

/// The rows of a `COPY … TO STDOUT`, in chunks of about 64 KiB or what has arrived. Made by
/// ``PostgresConnection/copyOut(_:file:line:)``.
public struct PostgresCopyOut: AsyncSequence, Sendable {
  let connection: PostgresConnection
  let statement: Query
  let file: String
  let line: Int

  static let chunkSize = 64 << 10

  public func makeAsyncIterator() -> Iterator { Iterator(copy: self) }

  public struct Iterator: AsyncIteratorProtocol {
    private enum State { case new, reading, ended }

    let copy: PostgresCopyOut
    private var state = State.new

    init(copy: PostgresCopyOut) { self.copy = copy }

    public mutating func next() async throws -> [UInt8]? {
      if state == .new {
        try await copy.connection.startCopyOut(copy.statement, copy.file, copy.line)
        state = .reading
      }
      guard state == .reading else { return nil }
      // Until it is known to go on: an error ends the iteration as well.
      state = .ended
      let chunk = try await copy.connection.nextCopyOut(copy.statement, copy.file, copy.line)
      if chunk != nil { state = .reading }
      return chunk
    }
  }
}
