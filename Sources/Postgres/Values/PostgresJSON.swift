// SPDX-License-Identifier: Apache-2.0

/// JSON as bytes, kept exactly as they are: a parameter of type `json`, or a column of type `json` or `jsonb`.
///
/// The server checks the syntax. A column of type `jsonb` accepts it too, but does not keep the bytes.
public struct PostgresJSON: Hashable, Sendable {
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public init(_ text: String) { bytes = [UInt8](text.utf8) }

  public var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension PostgresJSON: PostgresScalar {
  public static var postgresType: PostgresType { .json }
  public static var postgresArrayType: PostgresType { .jsonArray }
  public func encode(into buffer: inout PostgresBuffer) { buffer.write(bytes) }

  public init(_ value: PostgresValue) throws(PostgresError) {
    let bytes = try value.required(as: PostgresJSON.self)
    switch value.type {
    case .json: self.init([UInt8](bytes))
    case .jsonb: self.init([UInt8](bytes.dropFirst()))  // The first byte is the version of the format.
    default: throw value.mismatch(PostgresJSON.self)
    }
  }
}
