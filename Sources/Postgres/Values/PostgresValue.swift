// SPDX-License-Identifier: Apache-2.0

/// One value of a result in its binary form.
///
/// It borrows the memory of the result: use it inside ``PostgresDecodable/init(_:)`` only.
public struct PostgresValue {
  public let type: PostgresType
  /// Nil for NULL.
  public let bytes: UnsafeRawBufferPointer?

  init(type: PostgresType, bytes: UnsafeRawBufferPointer?) {
    self.type = type
    self.bytes = bytes
  }

  /// The bytes of a value that must not be NULL.
  public func required<Value>(as _: Value.Type) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard let bytes else { throw PostgresError(.decoding, "NULL cannot be read as \(Value.self)") }
    return bytes
  }

  public func mismatch<Value>(_: Value.Type) -> PostgresError {
    PostgresError(.decoding, "\(type) cannot be read as \(Value.self)")
  }

  func malformed() -> PostgresError {
    PostgresError(.decoding, "malformed binary form of \(type) (\(bytes?.count ?? -1) bytes)")
  }
}

/// Reads one binary form from front to back.
struct PostgresReader {
  private let value: PostgresValue
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ value: PostgresValue, _ bytes: UnsafeRawBufferPointer) {
    self.value = value
    self.bytes = bytes
  }

  @inline(__always)
  mutating func read<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) throws(PostgresError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard bytes.count - offset >= size else { throw value.malformed() }
    defer { offset += size }
    return Integer(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Integer.self))
  }

  @inline(__always)
  mutating func read(count: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard count >= 0, bytes.count - offset >= count else { throw value.malformed() }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }
}
