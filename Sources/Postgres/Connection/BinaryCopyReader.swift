// SPDX-License-Identifier: Apache-2.0

internal import CLibpq
public import Foundation

/// Reads the rows of a `COPY … TO STDOUT (FORMAT binary)`: ``next()`` goes to a row, and its columns are then read in their order.
///
/// The form does not tell types: each column must have the one that it is read as. The row lies in libpq's memory until the next.
public struct BinaryCopyReader: ~Copyable {
  private let session: Session
  private let statement: String
  /// The row as libpq gave it, to be freed.
  private var row: UnsafeMutablePointer<CChar>?
  /// The row from its number of columns on.
  private(set) var tuple = UnsafeRawBufferPointer(start: nil, count: 0)
  /// What of it has not been read.
  private var rest = UnsafeRawBufferPointer(start: nil, count: 0)
  private var isFirst = true
  private var words: [String] = []

  /// More different words than this are not kept.
  private static let wordLimit = 64
  /// Signature, flags, length of the header's extension.
  private static let headerSize = 19

  init(_ session: Session, statement: String) {
    self.session = session
    self.statement = statement
  }

  deinit { PQfreemem(row) }

  /// Goes to the next row. False after the last.
  public mutating func next() throws(PostgresError) -> Bool {
    PQfreemem(row)
    row = nil
    // One row at a time, the header before the first.
    let count = PQgetCopyData(session.connection, &row, 0)
    guard count > 0, let row else {
      session.copy = nil
      _ = try session.receive(1, statement)
      return false
    }
    rest = UnsafeRawBufferPointer(start: row, count: Int(count))
    if isFirst {
      isFirst = false
      guard rest.count > Self.headerSize else { throw malformed() }
      _ = try take(Self.headerSize)
    }
    tuple = rest
    // The trailer has the number of columns -1; libpq's end of data comes after it.
    return try integer(Int16.self) >= 0 ? true : next()
  }

  public mutating func int64() throws(PostgresError) -> Int64 {
    try beginFixed(8)
    return try integer()
  }

  public mutating func int16() throws(PostgresError) -> Int16 {
    try beginFixed(2)
    return try integer()
  }

  /// A `timestamptz`.
  public mutating func date() throws(PostgresError) -> Date {
    try Date(PostgresValue(type: .timestamptz, bytes: field()))
  }

  public mutating func uuid() throws(PostgresError) -> UUID {
    try beginFixed(16)
    return UUID(uuid: try take(16).loadUnaligned(as: uuid_t.self))
  }

  public mutating func optionalUUID() throws(PostgresError) -> UUID? {
    guard let bytes = try field() else { return nil }
    guard bytes.count == 16 else { throw malformed() }
    return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
  }

  /// A text, or anything whose binary form is one.
  public mutating func text() throws(PostgresError) -> String {
    String(decoding: try required(), as: UTF8.self)
  }

  /// A text of which there are few different ones: each is made once.
  public mutating func word() throws(PostgresError) -> String {
    let bytes = try required()
    for word in words where word.utf8.elementsEqual(bytes) { return word }
    let word = String(decoding: bytes, as: UTF8.self)
    if words.count < Self.wordLimit { words.append(word) }
    return word
  }

  /// The bytes of a `bytea`, a text or a `json`.
  public mutating func bytes() throws(PostgresError) -> [UInt8] { [UInt8](try required()) }

  // MARK: - Pieces

  /// The next column, without its length; nil for NULL.
  private mutating func field() throws(PostgresError) -> UnsafeRawBufferPointer? {
    let length = try integer(Int32.self)
    return length < 0 ? nil : try take(Int(length))
  }

  private mutating func required() throws(PostgresError) -> UnsafeRawBufferPointer {
    guard let bytes = try field() else { throw PostgresError(.decoding, "NULL where none was expected") }
    return bytes
  }

  private mutating func beginFixed(_ size: Int32) throws(PostgresError) {
    guard try integer(Int32.self) == size else { throw malformed() }
  }

  @inline(__always)
  private mutating func integer<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) throws(PostgresError)
    -> Integer
  {
    Integer(bigEndian: try take(MemoryLayout<Integer>.size).loadUnaligned(as: Integer.self))
  }

  @inline(__always)
  private mutating func take(_ count: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard count <= rest.count else { throw malformed() }
    defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
    return UnsafeRawBufferPointer(rebasing: rest[..<count])
  }

  private func malformed() -> PostgresError {
    PostgresError(.decoding, "the row of a COPY has another form than expected", statement: statement)
  }
}
