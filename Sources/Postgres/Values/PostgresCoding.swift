// SPDX-License-Identifier: Apache-2.0

/// A value that can be a parameter.
public protocol PostgresEncodable: Sendable {
  static var postgresType: PostgresType { get }
  /// Writes the binary form of ``postgresType``, or calls ``PostgresBuffer/writeNull()``.
  func encode(into buffer: inout PostgresBuffer)
}

/// A value that can be read from a column.
public protocol PostgresDecodable {
  /// - Throws: `.decoding` when the column has a type that cannot be this one, or is NULL.
  init(_ value: PostgresValue) throws(PostgresError)
}

/// What arrays are made of, in both directions.
///
/// `UInt8` is one: its arrays are `bytea`.
public protocol PostgresArrayElement: Sendable {
  static var postgresArrayType: PostgresType { get }
  static func encode(array: [Self], into buffer: inout PostgresBuffer)
  static func decode(array value: PostgresValue) throws(PostgresError) -> [Self]
}

/// A single value: goes in both directions, alone, optional, in arrays, and in arrays of optionals.
///
/// A type of one's own needs a line when it is `RawRepresentable` by a scalar: `extension Position: PostgresScalar {}`.
public protocol PostgresScalar: PostgresEncodable, PostgresDecodable, PostgresArrayElement {}

extension PostgresScalar where Self: RawRepresentable, RawValue: PostgresScalar {
  public static var postgresType: PostgresType { RawValue.postgresType }
  public static var postgresArrayType: PostgresType { RawValue.postgresArrayType }

  public func encode(into buffer: inout PostgresBuffer) {
    rawValue.encode(into: &buffer)
  }

  public init(_ value: PostgresValue) throws(PostgresError) {
    let raw = try RawValue(value)
    guard let decoded = Self(rawValue: raw) else {
      throw PostgresError(.decoding, "\(raw) is no \(Self.self)")
    }
    self = decoded
  }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
  public static var postgresType: PostgresType { Wrapped.postgresType }

  public func encode(into buffer: inout PostgresBuffer) {
    if let self { self.encode(into: &buffer) } else { buffer.writeNull() }
  }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public init(_ value: PostgresValue) throws(PostgresError) {
    self = value.bytes == nil ? nil : try Wrapped(value)
  }
}
