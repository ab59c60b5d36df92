// SPDX-License-Identifier: Apache-2.0

import Redis

/// The steps of a job that a worker has, and of what keeps house. None has keys: the names are in ``JobKeys``.
enum JobScripts {
  /// Arguments: the side (`LPUSH` or `RPUSH`), then for each lane: class, kind, tenant, how many jobs, and those.
  static let add = script(
    """
    local i = 2
    while i <= #ARGV do
      local last = i + 3 + ARGV[i + 3]
      add(ARGV[1], ARGV[i], ARGV[i + 1], ARGV[i + 2], {unpack(ARGV, i + 4, last)})
      i = last + 1
    end
    """)

  /// The same at the end, for tenants of whom nothing waits and nothing is under way, and without jobs that are delayed. Returns how many.
  static let bringBack = script(
    """
    local idle, count, i = {}, 0, 1
    while i <= #ARGV do
      local class, kind, tenant, last = ARGV[i], ARGV[i + 1], ARGV[i + 2], i + 3 + ARGV[i + 3]
      if idle[tenant] == nil then
        idle[tenant] = redis.call('HEXISTS', 'jobs:flight', 'tenant:' .. tenant) == 0
        for _, each in ipairs({'admin', 'interactive', 'bulk'}) do
          if redis.call('HEXISTS', 'jobs:waiting:' .. each, tenant) == 1 then idle[tenant] = false end
        end
      end
      local missing = {}
      for j = i + 4, last do
        local member = class .. ' ' .. kind .. ' ' .. tenant .. ' ' .. ARGV[j]
        if idle[tenant] and not redis.call('ZSCORE', 'jobs:delayed', member) then missing[#missing + 1] = ARGV[j] end
      end
      if #missing > 0 then add('RPUSH', class, kind, tenant, missing) end
      count, i = count + #missing, last + 1
    end
    return count
    """)

  /// Jobs that are done with. Arguments: group, then for each group of them: stream, kind, tenant, how many ids, and those.
  static let acknowledge = script(
    """
    local i = 2
    while i <= #ARGV do
      local stream, last = ARGV[i], i + 3 + ARGV[i + 3]
      redis.call('XACK', stream, ARGV[1], unpack(ARGV, i + 4, last))
      ended(stream, ARGV[i + 1], ARGV[i + 2], redis.call('XDEL', stream, unpack(ARGV, i + 4, last)))
      i = last + 1
    end
    """)

  /// Renews the idle time of entries that are still this consumer's. Claiming without looking would steal back what another rescued.
  /// Arguments: group, consumer, stream, ids. Returns the ids that are not ours any more.
  static let renew = RedisScript(
    """
    local lost = {}
    for i = 4, #ARGV do
      local mine = redis.call('XPENDING', ARGV[3], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2])
      if #mine == 1 then
        redis.call('XCLAIM', ARGV[3], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
      else
        lost[#lost + 1] = ARGV[i]
      end
    end
    return lost
    """)

  /// Arguments: ids of jobs. Returns those that were cancelled lately.
  static let cancelled = RedisScript(
    """
    local found = {}
    if redis.call('EXISTS', 'jobs:cancelled') == 0 then return found end
    for _, id in ipairs(ARGV) do
      if redis.call('ZSCORE', 'jobs:cancelled', id) then found[#found + 1] = id end
    end
    return found
    """)

  /// Arguments: group, stream, id, kind, tenant, due (ms), member. An entry that is gone was moved on by another.
  static let postpone = script(
    """
    if leave(unpack(ARGV, 1, 5)) == 1 then delay(ARGV[6], ARGV[7]) end
    """)

  /// Arguments: group, stream, id, kind, tenant, fields and values of the dead letter.
  static let bury = script(
    """
    bury(unpack(ARGV, 6))
    leave(unpack(ARGV, 1, 5))
    """)

  /// Puts entries that are still this consumer's back to the front of their lanes, where any worker takes them at once.
  /// Arguments: group, consumer, stream, then for each entry: id, kind, tenant, job. Returns how many were ours.
  static let handBack = script(
    """
    local count = 0
    for i = 4, #ARGV, 4 do
      local id, kind, tenant = ARGV[i], ARGV[i + 1], ARGV[i + 2]
      if #redis.call('XPENDING', ARGV[3], ARGV[1], id, id, 1, ARGV[2]) == 1 then
        count = count + leave(ARGV[1], ARGV[3], id, kind, tenant)
        add('LPUSH', string.sub(ARGV[3], 6), kind, tenant, {ARGV[i + 3]})
      end
    end
    return count
    """)

  /// Wakes a worker for each class that has waiting jobs: for one that stops, and may have been woken for them.
  static let wake = script("wake_all()")

  /// Counts of jobs under way that nothing is left of begin anew: what a stranger deleted was never subtracted.
  static let settle = RedisScript(
    """
    for _, stream in ipairs({'jobs:admin', 'jobs:interactive', 'jobs:bulk'}) do
      if redis.call('XLEN', stream) > 0 then return end
    end
    redis.call('DEL', 'jobs:flight')
    """)

  /// Forgets consumers that hold nothing and were not heard of for a while: each process that ever worked would stay in the list.
  /// Arguments: group, idle (ms), name ('' for any), stream.
  static let forget = RedisScript(
    """
    for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', ARGV[4], ARGV[1])) do
      local name, pending, idle = consumer[2], consumer[4], consumer[6]
      if pending == 0 and idle >= tonumber(ARGV[2]) and (ARGV[3] == '' or ARGV[3] == name) then
        redis.call('XGROUP', 'DELCONSUMER', ARGV[4], ARGV[1], name)
      end
    end
    """)

  private static func script(_ body: String) -> RedisScript { RedisScript(QueueLua.functions + body) }
}
