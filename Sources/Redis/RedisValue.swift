// SPDX-License-Identifier: Apache-2.0

/// A reply, as RESP2 has it.
public enum RedisValue: Sendable, Equatable {
  case null
  case integer(Int64)
  /// A status such as `OK`.
  case simple(String)
  /// Bytes, of any kind.
  case bulk([UInt8])
  case array([RedisValue])
  /// An error inside of an array or of a pipeline; as the only reply of a command it is thrown instead.
  case error(RedisError)

  /// The text of a status or of bytes that are UTF-8; a number in decimal digits.
  public var string: String? {
    switch self {
    case .simple(let text): text
    case .bulk(let bytes): String(validating: bytes, as: UTF8.self)
    case .integer(let number): String(number)
    case .null, .array, .error: nil
    }
  }

  /// A number, or text that is one.
  public var int: Int? {
    switch self {
    case .integer(let number): Int(number)
    case .bulk, .simple: string.flatMap { Int($0) }
    case .null, .array, .error: nil
    }
  }

  public var bytes: [UInt8]? {
    switch self {
    case .bulk(let bytes): bytes
    case .simple(let text): Array(text.utf8)
    case .null, .integer, .array, .error: nil
    }
  }

  public var array: [RedisValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  public var isNull: Bool { self == .null }

  /// Itself, unless it is an error.
  public func get() throws(RedisError) -> RedisValue {
    if case .error(let error) = self { throw error }
    return self
  }
}
