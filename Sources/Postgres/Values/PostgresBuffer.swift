// SPDX-License-Identifier: Apache-2.0

/// Where parameters are written in their binary form, all of a query into one array.
public struct PostgresBuffer {
  private(set) var bytes: [UInt8] = []
  private var sawNull = false

  /// Integers travel with the most significant byte first.
  @inline(__always)
  public mutating func write<Integer: FixedWidthInteger>(_ integer: Integer) {
    withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
  }

  public mutating func write(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  public mutating func write(_ other: some Sequence<UInt8>) {
    bytes.append(contentsOf: other)
  }

  mutating func write(_ raw: UnsafeRawBufferPointer) {
    bytes.append(contentsOf: raw)
  }

  /// Says that the value being written is NULL. Nothing else may be written for it.
  public mutating func writeNull() {
    sawNull = true
  }

  /// Runs `encode` for one value; true when it was NULL.
  @inline(__always)
  mutating func isNull(_ encode: (inout PostgresBuffer) -> Void) -> Bool {
    sawNull = false
    encode(&self)
    defer { sawNull = false }
    return sawNull
  }

  /// Writes one value with its length before it, -1 for NULL: the form inside arrays and COPY rows. True when it was
  /// NULL.
  @inline(__always)
  @discardableResult
  mutating func writeWithLength(_ encode: (inout PostgresBuffer) -> Void) -> Bool {
    let start = bytes.count
    write(Int32(0))
    let isNull = isNull(encode)
    overwrite(isNull ? -1 : Int32(bytes.count - start - 4), at: start)
    return isNull
  }

  mutating func reserve(_ byteCount: Int) {
    // Doubling at least: reserving exactly would copy everything before it at each parameter.
    if bytes.capacity - bytes.count < byteCount { bytes.reserveCapacity(max(bytes.count + byteCount, bytes.count * 2)) }
  }

  mutating func overwrite(_ integer: Int32, at offset: Int) {
    withUnsafeBytes(of: integer.bigEndian) { source in
      bytes.withUnsafeMutableBytes { $0[offset..<offset + 4].copyBytes(from: source) }
    }
  }

  /// Gives the bytes away and starts anew, keeping nothing.
  mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  public init() {}
}
