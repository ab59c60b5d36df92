// SPDX-License-Identifier: Apache-2.0

/// A row as PostgreSQL's binary COPY has it: the number of fields (2 bytes), then each field's length (4 bytes, -1 for NULL) and bytes.
/// Numbers have their most significant byte first.
///
/// Seals sign and leaves hash this form. Every field has its length before it, so no two rows have the same bytes; and the rows of a log
/// can be hashed as the server sends them.
struct BinaryTuple {
  private(set) var bytes: [UInt8] = []

  /// - Parameter count: how many fields will be added.
  init(fieldCount count: Int16) { append(count) }

  mutating func add(_ number: Int64) {
    append(Int32(8))
    append(number)
  }

  mutating func add(_ number: Int16) {
    append(Int32(2))
    append(number)
  }

  mutating func add(_ field: some Collection<UInt8>) {
    append(Int32(field.count))
    bytes.append(contentsOf: field)
  }

  mutating func addNull() { append(Int32(-1)) }

  private mutating func append(_ number: some FixedWidthInteger) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// The fields of a tuple, nil for NULL; nil when the bytes are no tuple.
  static func fields(of bytes: [UInt8]) -> [ArraySlice<UInt8>?]? {
    var rest = bytes[...]
    guard let count = rest.takeInteger(Int16.self), count >= 0 else { return nil }
    var fields: [ArraySlice<UInt8>?] = []
    for _ in 0..<count {
      guard let length = rest.takeInteger(Int32.self), length >= -1, length <= rest.count else { return nil }
      if length == -1 {
        fields.append(nil)
      } else {
        fields.append(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
      }
    }
    return rest.isEmpty ? fields : nil
  }
}

extension ArraySlice<UInt8> {
  /// The integer that the bytes are; nil when their count is not its size.
  func integer<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) -> Integer? {
    guard count == MemoryLayout<Integer>.size else { return nil }
    return withUnsafeBytes { Integer(bigEndian: $0.loadUnaligned(as: Integer.self)) }
  }

  fileprivate mutating func takeInteger<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer? {
    let value: Integer? = prefix(MemoryLayout<Integer>.size).integer()
    self = dropFirst(MemoryLayout<Integer>.size)
    return value
  }
}
