// SPDX-License-Identifier: Apache-2.0

/// Whatever carries commands to Redis. The typed commands are extensions of it.
public protocol RedisCommands: Sendable {
  /// - Throws: the server's error as well.
  func command(_ arguments: [RedisArgument]) async throws(RedisError) -> RedisValue

  /// Sends all commands in one go and returns their replies in order: one round trip, and no transaction.
  ///
  /// - Returns: one value a command; a command that the server refused has ``RedisValue/error(_:)``.
  /// - Throws: only when the connection failed; then any of the commands may have been carried out.
  func pipeline(_ commands: [[RedisArgument]]) async throws(RedisError) -> [RedisValue]
}
