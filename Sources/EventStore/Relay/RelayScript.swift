// SPDX-License-Identifier: Apache-2.0

import Redis

/// The one step in which the relay writes to Redis: it looks whether Redis is where the relay believes, adds a batch, and moves the marker.
enum RelayScript {
  /// What Redis answered.
  enum Answer: Equatable {
    case published
    /// The marker is gone, and with it everything else: Redis was emptied.
    case flushed
    /// The marker stands elsewhere: another relay was here, or an answer was lost on its way to this one.
    case moved(Position)
  }

  /// - Parameter expected: where the marker must stand; nil begins anew, where there is no marker.
  static func run(
    on redis: RedisClient, marker: String, streams: [String], group: String, expected: Position?, next: Position,
    entries: [(position: Position, dispatch: StreamDispatch)]
  ) async throws -> Answer {
    var keys: [String: Int] = [:]
    for stream in streams + entries.map(\.dispatch.stream) where keys[stream] == nil {
      keys[stream] = keys.count + 2  // Lua counts from 1, and the first key is the marker.
    }
    var arguments: [RedisArgument] = [
      .string(expected?.description ?? ""), .string(next.description), .string(group),
    ]
    for (position, dispatch) in entries {
      arguments += [
        RedisArgument(keys[dispatch.stream] ?? 0), .string("\(position)-0"), RedisArgument(dispatch.fields.count * 2),
      ]
      for (name, value) in dispatch.fields.sorted(by: { $0.key < $1.key }) {
        arguments += [.string(name), .string(value)]
      }
    }
    let names = keys.sorted { $0.value < $1.value }.map(\.key)
    let reply = try await redis.evaluate(
      script, keys: ([marker] + names).map { .string($0) }, arguments: arguments)
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

  private static let script = RedisScript(
    """
    -- KEYS: the marker, then the streams.
    -- ARGV: the expected marker ('' for none), the next marker, the group;
    --       then for each entry: the number of its stream's key, its id, how many words follow, its fields and values.
    local marker = redis.call('GET', KEYS[1])
    if not marker then
        if ARGV[1] ~= '' then return redis.status_reply('FLUSHED') end
        for i = 2, #KEYS do
            local made = redis.pcall('XGROUP', 'CREATE', KEYS[i], ARGV[3], '0', 'MKSTREAM')
            if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
        end
    elseif marker ~= ARGV[1] then
        return marker
    end
    local i = 4
    while i <= #ARGV do
        local last = i + 2 + ARGV[i + 2]
        local added = redis.pcall('XADD', KEYS[tonumber(ARGV[i])], ARGV[i + 1], unpack(ARGV, i + 3, last))
        -- An id that is not greater than the last was published before.
        if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller', 1, true) then
            return added
        end
        i = last + 1
    end
    redis.call('SET', KEYS[1], ARGV[2])
    return redis.status_reply('PUBLISHED')
    """)
}
