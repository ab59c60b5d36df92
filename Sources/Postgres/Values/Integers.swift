// SPDX-License-Identifier: Apache-2.0

extension Int: PostgresScalar {
  public static var postgresType: PostgresType { .int8 }
  public static var postgresArrayType: PostgresType { .int8Array }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(Int64(self)) }
  public init(_ value: PostgresValue) throws(PostgresError) { self = try value.integer() }
}

extension Int64: PostgresScalar {
  public static var postgresType: PostgresType { .int8 }
  public static var postgresArrayType: PostgresType { .int8Array }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(self) }
  public init(_ value: PostgresValue) throws(PostgresError) { self = try value.integer() }
}

extension Int32: PostgresScalar {
  public static var postgresType: PostgresType { .int4 }
  public static var postgresArrayType: PostgresType { .int4Array }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(self) }
  public init(_ value: PostgresValue) throws(PostgresError) { self = try value.integer() }
}

extension Int16: PostgresScalar {
  public static var postgresType: PostgresType { .int2 }
  public static var postgresArrayType: PostgresType { .int2Array }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(self) }
  public init(_ value: PostgresValue) throws(PostgresError) { self = try value.integer() }
}

extension PostgresValue {
  /// Any integer type of the server, and `numeric` without a fraction (what `sum(int8)` gives), if the value fits.
  @inline(__always)
  fileprivate func integer<Integer: FixedWidthInteger>() throws(PostgresError) -> Integer {
    var reader = PostgresReader(self, try required(as: Integer.self))
    let wide: Int64 =
      switch type {
      case .int8: try reader.read()
      case .int4: Int64(try reader.read(Int32.self))
      case .int2: Int64(try reader.read(Int16.self))
      case .oid: Int64(try reader.read(UInt32.self))
      case .numeric: try PostgresNumeric(self).integer()
      default: throw mismatch(Integer.self)
      }
    guard let integer = Integer(exactly: wide) else {
      throw PostgresError(.decoding, "\(wide) does not fit into \(Integer.self)")
    }
    return integer
  }
}
