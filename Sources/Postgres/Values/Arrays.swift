// SPDX-License-Identifier: Apache-2.0

extension Array: PostgresEncodable where Element: PostgresArrayElement {
  public static var postgresType: PostgresType { Element.postgresArrayType }

  public func encode(into buffer: inout PostgresBuffer) {
    Element.encode(array: self, into: &buffer)
  }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
  /// Only arrays of one dimension; an empty one has none.
  public init(_ value: PostgresValue) throws(PostgresError) {
    self = try Element.decode(array: value)
  }
}

extension PostgresScalar {
  public static func encode(array: [Self], into buffer: inout PostgresBuffer) {
    encodeArray(array, elementType: postgresType, into: &buffer)
  }

  public static func decode(array value: PostgresValue) throws(PostgresError) -> [Self] {
    try decodeArray(value)
  }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresScalar {
  public static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }

  public static func encode(array: [Wrapped?], into buffer: inout PostgresBuffer) {
    encodeArray(array, elementType: Wrapped.postgresType, into: &buffer)
  }

  public static func decode(array value: PostgresValue) throws(PostgresError) -> [Wrapped?] {
    try decodeArray(value)
  }
}

/// `bytea`, as an element of `bytea[]`.
extension Array: PostgresScalar, PostgresArrayElement where Element == UInt8 {
  public static var postgresArrayType: PostgresType { .byteaArray }
}

/// The elements of `bytea`.
extension UInt8: PostgresArrayElement {
  public static var postgresArrayType: PostgresType { .bytea }

  public static func encode(array: [UInt8], into buffer: inout PostgresBuffer) {
    buffer.write(array)
  }

  /// Reads texts as their UTF-8 as well: the bytes of a `json` column need not become a String on their way.
  public static func decode(array value: PostgresValue) throws(PostgresError) -> [UInt8] {
    let bytes = try value.required(as: [UInt8].self)
    switch value.type {
    case .bytea: return [UInt8](bytes)
    case .jsonb: return [UInt8](bytes.dropFirst())  // The first byte is the version of the format.
    case let type where type.isTextual: return [UInt8](bytes)
    default: throw value.mismatch([UInt8].self)
    }
  }
}

// The binary form of an array: dimensions, flag "has NULLs", element type; for each dimension length and lower bound;
// then each element with its length before it.

@inline(__always)
private func encodeArray<Element: PostgresEncodable>(
  _ array: [Element], elementType: PostgresType, into buffer: inout PostgresBuffer
) {
  buffer.reserve(20 + array.count * (4 + MemoryLayout<Element>.size))
  buffer.write(Int32(array.isEmpty ? 0 : 1))
  let flagOffset = buffer.bytes.count
  buffer.write(Int32(0))
  buffer.write(elementType.rawValue)
  guard !array.isEmpty else { return }
  buffer.write(Int32(array.count))
  buffer.write(Int32(1))
  var hasNulls = false
  for element in array {
    if buffer.writeWithLength({ element.encode(into: &$0) }) { hasNulls = true }
  }
  if hasNulls { buffer.overwrite(1, at: flagOffset) }
}

@inline(__always)
private func decodeArray<Element: PostgresDecodable>(_ value: PostgresValue) throws(PostgresError) -> [Element] {
  let form = try value.required(as: [Element].self)
  var reader = PostgresReader(value, form)
  let dimensions = try reader.read(Int32.self)
  _ = try reader.read(Int32.self)
  let type = PostgresType(rawValue: try reader.read(UInt32.self))
  guard dimensions > 0 else { return [] }
  guard dimensions == 1 else {
    throw PostgresError(.decoding, "an array of \(dimensions) dimensions cannot be read as \([Element].self)")
  }
  let count = try reader.read(Int32.self)
  _ = try reader.read(Int32.self)
  var elements: [Element] = []
  // Each element has a length: a count that is damaged must not reserve more than there can be.
  guard count >= 0, Int(count) <= form.count / 4 else { throw value.malformed() }
  elements.reserveCapacity(Int(count))
  for _ in 0..<count {
    let length = try reader.read(Int32.self)
    let bytes = length < 0 ? nil : try reader.read(count: Int(length))
    elements.append(try Element(PostgresValue(type: type, bytes: bytes)))
  }
  return elements
}
