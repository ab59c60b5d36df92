// SPDX-License-Identifier: Apache-2.0

public import Foundation

extension Bool: PostgresScalar {
  public static var postgresType: PostgresType { .bool }
  public static var postgresArrayType: PostgresType { .boolArray }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(UInt8(self ? 1 : 0)) }

  public init(_ value: PostgresValue) throws(PostgresError) {
    var reader = PostgresReader(value, try value.required(as: Bool.self))
    guard value.type == .bool else { throw value.mismatch(Bool.self) }
    self = try reader.read(UInt8.self) != 0
  }
}

extension Double: PostgresScalar {
  public static var postgresType: PostgresType { .float8 }
  public static var postgresArrayType: PostgresType { .float8Array }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(bitPattern) }

  /// Any number of the server; the nearest Double where it has more digits.
  public init(_ value: PostgresValue) throws(PostgresError) {
    var reader = PostgresReader(value, try value.required(as: Double.self))
    switch value.type {
    case .float8: self = Double(bitPattern: try reader.read())
    case .float4: self = Double(Float(bitPattern: try reader.read()))
    case .numeric: self = try PostgresNumeric(value).double()
    case .int8: self = Double(try reader.read(Int64.self))
    case .int4: self = Double(try reader.read(Int32.self))
    case .int2: self = Double(try reader.read(Int16.self))
    default: throw value.mismatch(Double.self)
    }
  }
}

extension String: PostgresScalar {
  public static var postgresType: PostgresType { .text }
  public static var postgresArrayType: PostgresType { .textArray }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(self) }

  /// Every text type, `json`, `jsonb`, enums. Other types are refused: cast them to `text` in the statement.
  public init(_ value: PostgresValue) throws(PostgresError) {
    let bytes = try value.required(as: String.self)
    if value.type == .jsonb {
      self = String(decoding: bytes.dropFirst(), as: UTF8.self)  // The first byte is the version of the format.
    } else {
      guard value.type.isTextual else { throw value.mismatch(String.self) }
      self = String(decoding: bytes, as: UTF8.self)
    }
  }
}

extension UUID: PostgresScalar {
  public static var postgresType: PostgresType { .uuid }
  public static var postgresArrayType: PostgresType { .uuidArray }
  public func encode(into buffer: inout PostgresBuffer) { withUnsafeBytes(of: uuid) { buffer.write($0) } }

  public init(_ value: PostgresValue) throws(PostgresError) {
    let bytes = try value.required(as: UUID.self)
    guard value.type == .uuid else { throw value.mismatch(UUID.self) }
    guard bytes.count == MemoryLayout<uuid_t>.size else { throw value.malformed() }
    self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
  }
}

/// `timestamptz`, to the microsecond. Dates that are not finite are `infinity` and `-infinity`.
extension Date: PostgresScalar {
  public static var postgresType: PostgresType { .timestamptz }
  public static var postgresArrayType: PostgresType { .timestamptzArray }

  /// From the server's epoch, 2000-01-01, to Foundation's, 2001-01-01.
  private static let microsecondsBetweenEpochs: Int64 = 366 * 86_400 * 1_000_000
  private static let microsecondsPerDay: Int64 = 86_400 * 1_000_000

  public func encode(into buffer: inout PostgresBuffer) {
    let microseconds = (timeIntervalSinceReferenceDate * 1_000_000).rounded()
    // The server's range ends in the year 294276; what is past it, and NaN, has no other form than infinity.
    if abs(microseconds) < 9.2e18 {
      buffer.write(Int64(microseconds) + Self.microsecondsBetweenEpochs)
    } else {
      buffer.write(microseconds < 0 ? Int64.min : Int64.max)
    }
  }

  /// `timestamptz`; `timestamp` and `date` as in UTC.
  public init(_ value: PostgresValue) throws(PostgresError) {
    var reader = PostgresReader(value, try value.required(as: Date.self))
    let microseconds: Int64
    switch value.type {
    case .timestamptz, .timestamp:
      microseconds = try reader.read()
    case .date:
      let days = try reader.read(Int32.self)
      microseconds =
        days == .max ? .max : days == .min ? .min : Int64(days) * Self.microsecondsPerDay
    default:
      throw value.mismatch(Date.self)
    }
    switch microseconds {
    case .max: self.init(timeIntervalSinceReferenceDate: .infinity)
    case .min: self.init(timeIntervalSinceReferenceDate: -.infinity)
    default:
      self.init(timeIntervalSinceReferenceDate: Double(microseconds - Self.microsecondsBetweenEpochs) / 1_000_000)
    }
  }
}
