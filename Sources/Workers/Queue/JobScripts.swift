// SPDX-License-Identifier: Apache-2.0

import Redis

/// The steps that Redis must take as one. Each entry leaves its stream in the same step in which it arrives elsewhere.
enum JobScripts {
  /// Reads streams in order of priority until there is room no more.
  /// Keys: streams. Arguments: group, consumer, room.
  static let take = RedisScript(
    """
    local room, found = tonumber(ARGV[3]), {}
    for _, stream in ipairs(KEYS) do
      if room <= 0 then break end
      local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', room, 'STREAMS', stream, '>')
      if reply then
        found[#found + 1] = reply[1]
        room = room - #reply[1][2]
      end
    end
    return found
    """)

  /// Renews the idle time of entries that are still this consumer's. Claiming without looking would steal back what another rescued.
  /// Keys: stream. Arguments: group, consumer, ids. Returns the ids that are not ours any more.
  static let renew = RedisScript(
    """
    local lost = {}
    for i = 3, #ARGV do
      local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
      if #mine == 1 then
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
      else
        lost[#lost + 1] = ARGV[i]
      end
    end
    return lost
    """)

  /// Keys: stream, delayed. Arguments: group, id, due (ms), member.
  static let postpone = RedisScript(
    """
    redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
    return redis.call('XDEL', KEYS[1], ARGV[2])
    """)

  /// Keys: stream, dead. Arguments: group, id, limit, fields and values.
  static let bury = RedisScript(
    """
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
    return redis.call('XDEL', KEYS[1], ARGV[2])
    """)

  /// Puts an entry that is still this consumer's where any worker takes it at once.
  /// Keys: stream, retry. Arguments: group, consumer, id, fields and values. Returns 1 if it was ours.
  static let handBack = RedisScript(
    """
    local mine = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
    if #mine == 0 then return 0 end
    redis.call('XADD', KEYS[2], '*', unpack(ARGV, 4))
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
    redis.call('XDEL', KEYS[1], ARGV[3])
    return 1
    """)

  /// Moves jobs that are due; each leaves the set as it enters the stream.
  /// Keys: delayed, retry, dead. Arguments: most to move. Returns how many were due, of those at most.
  static let wake = RedisScript(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
    for _, member in ipairs(due) do
      redis.call('ZREM', KEYS[1], member)
      local read, fields = pcall(cjson.decode, member)
      if read and type(fields) == 'table' and next(fields) then
        local words = {}
        for name, value in pairs(fields) do
          words[#words + 1] = tostring(name)
          words[#words + 1] = tostring(value)
        end
        redis.call('XADD', KEYS[2], '*', unpack(words))
      else
        redis.call('XADD', KEYS[3], '*', 'entry', member, 'reason', 'The delayed entry is no JSON object.')
      end
    end
    return #due
    """)

  /// Forgets consumers that hold nothing and were not heard of for a while: each process that ever worked would stay in the list.
  /// Keys: stream. Arguments: group, idle (ms), name ('' for any).
  static let forget = RedisScript(
    """
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
      local name, pending, idle = consumer[2], consumer[4], consumer[6]
      if pending == 0 and idle >= tonumber(ARGV[2]) and (ARGV[3] == '' or ARGV[3] == name) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
      end
    end
    """)
}
