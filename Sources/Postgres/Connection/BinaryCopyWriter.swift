// SPDX-License-Identifier: Apache-2.0

/// Writes the rows of a `COPY … FROM STDIN (FORMAT binary)`.
public struct BinaryCopyWriter {
  private var buffer = PostgresBuffer()
  var byteCount: Int { buffer.bytes.count }

  static let chunkSize = 64 << 10

  init() {
    // Signature, flags, length of the header's extension.
    buffer.write([UInt8]("PGCOPY\n".utf8) + [0xff, 0x0d, 0x0a, 0x00])
    buffer.write(Int32(0))
    buffer.write(Int32(0))
  }

  /// Adds one row: a value for each column that the statement names, in its order.
  public mutating func row<each Column: PostgresEncodable>(_ columns: repeat each Column) {
    var count: Int16 = 0
    for _ in repeat (each Column).self { count += 1 }
    buffer.write(count)
    for column in repeat each columns {
      buffer.writeWithLength { column.encode(into: &$0) }
    }
  }

  mutating func writeEnd() { buffer.write(Int16(-1)) }

  mutating func take() -> [UInt8] { buffer.take() }
}
