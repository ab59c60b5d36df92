// SPDX-License-Identifier: Apache-2.0

/// A Lua script, which Redis runs as one step.
///
/// Everything that varies enters through keys and arguments, so that the server compiles the text once.
public struct RedisScript: Sendable, Hashable {
  public let source: String

  public init(_ source: String) { self.source = source }

  public func byDigest(_ digest: String, keys: [RedisArgument], arguments: [RedisArgument]) -> [RedisArgument] {
    ["EVALSHA", .string(digest), RedisArgument(keys.count)] + keys + arguments
  }

  public func bySource(keys: [RedisArgument], arguments: [RedisArgument]) -> [RedisArgument] {
    ["EVAL", .string(source), RedisArgument(keys.count)] + keys + arguments
  }
}
