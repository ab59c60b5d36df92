// SPDX-License-Identifier: Apache-2.0

/// One word of a command. Values travel with their length, so none can be taken for part of the command.
public enum RedisArgument: Sendable, Equatable {
  case string(String)
  case bytes([UInt8])
  case integer(Int64)

  public init(_ text: some StringProtocol) { self = .string(String(text)) }
  public init(_ number: some BinaryInteger) { self = .integer(Int64(number)) }
  public init(_ id: StreamID) { self = .string(id.description) }
}

extension RedisArgument: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
  public init(stringLiteral text: String) { self = .string(text) }
  public init(integerLiteral number: Int64) { self = .integer(number) }
}
