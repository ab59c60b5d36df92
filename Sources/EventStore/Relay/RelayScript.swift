// SPDX-License-Identifier: Apache-2.0

import Redis

/// The one step in which the relay writes to Redis: it looks whether Redis is where the relay believes, brings a batch, and moves the marker.
struct RelayScript {
  /// What Redis answered.
  enum Answer: Equatable {
    case published
    /// The marker is gone, and with it everything else: Redis was emptied.
    case flushed
    /// The marker stands elsewhere: another relay was here, or an answer was lost on its way to this one.
    case moved(Position)
  }

  private let script: RedisScript

  init(target: String) { script = RedisScript(target + Self.frame) }

  /// - Parameter expected: where the marker must stand; nil begins anew, where there is no marker.
  func run(
    on redis: RedisClient, marker: String, expected: Position?, next: Position, words: [RedisArgument]
  ) async throws -> Answer {
    let reply = try await redis.evaluate(
      script, keys: [.string(marker)],
      arguments: [.string(expected?.description ?? ""), .string(next.description)] + words)
    switch reply {
    case .simple("PUBLISHED"): return .published
    case .simple("FLUSHED"): return .flushed
    default:
      guard let position = reply.int else {
        throw RedisError(.decoding, "The relay's script answered \(reply).")
      }
      return .moved(Position(Int64(position)))
    }
  }

  /// ARGV: the expected marker ('' for none), the next marker, the words.
  private static let frame = """

    local marker = redis.call('GET', KEYS[1])
    if not marker then
      if ARGV[1] ~= '' then return redis.status_reply('FLUSHED') end
      begin()
    elseif marker ~= ARGV[1] then
      return marker
    end
    apply(3)
    redis.call('SET', KEYS[1], ARGV[2])
    return redis.status_reply('PUBLISHED')
    """
}
